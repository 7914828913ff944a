/** What is used of the npm package raw-socket, which has no types of its own. */
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
    on(event: 'message', hear: (packet: Buffer, source: string) => void): void;
    on(event: 'error', fail: (error: Error) => void): void;
    close(): void;
  }

  const raw: {
    readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number };
    readonly Protocol: { readonly ICMP: number; readonly ICMPv6: number };
    readonly SocketLevel: { readonly SOL_SOCKET: number };
    readonly SocketOption: { readonly SO_BINDTODEVICE: number };
    createSocket(options: { readonly protocol: number; readonly addressFamily: number }): Socket;
  };
  // biome-ignore lint/style/noDefaultExport: what a CommonJS module is to an ES module
  export default raw;
}
