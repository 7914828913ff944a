/** The zone that tracks the connections of pods; the original's number. */
export const POD_ZONE = 64000;
/** The zone that tracks what the host sends by protocols without ports. */
export const HOST_ZONE = 64001;
