/** The part of the npm package raw-socket that is used here; the package has no types. */
declare module 'raw-socket' {
  interface Socket {
    setOption(level: number, option: number, value: Buffer, length: number): void;
    send(
      packet: Buffer,
      offset: number,
      length: number,
      address: string,
      sent: (error: Error | null, bytes: number) => void,
    ): void;
    on(event: 'message', received: (packet: Buffer, source: string) => void): void;
    on(event: 'error', failed: (error: Error) => void): void;
    close(): void;
  }

  const raw: {
    readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number };
    readonly Protocol: { readonly ICMP: number; readonly ICMPv6: number };
    readonly SocketLevel: { readonly SOL_SOCKET: number };
    readonly SocketOption: { readonly SO_BINDTODEVICE: number };
    createSocket(options: { readonly protocol: number; readonly addressFamily: number }): Socket;
  };
  // biome-ignore lint/style/noDefaultExport: an ES module imports a CommonJS module as its default export
  export default raw;
}
