/** The zone that tracks the connections of pods; the original's number. */
export const POD_ZONE = 64000;
/** The zone that tracks what the host sends by protocols without ports. */
export const HOST_ZONE = 64001;

/** The table that decides on a packet that has passed through the pods' zone. */
export const TRACKED_TABLE = 1;
