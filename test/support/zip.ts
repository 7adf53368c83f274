import { crc32, inflateRawSync } from 'node:zlib';

/** Reads a zip file by its central directory (PKWARE, APPNOTE.TXT 4.3). Throws if it is broken. */
export function unzip(bytes: Uint8Array): Map<string, string> {
  const zip = Buffer.from(bytes);
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06'));
  if (end === -1) throw new Error('no end of the central directory');
  const files = new Map<string, string>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new Error(`no entry at ${at}`);
    const [method, crc] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 16)];
    const [packed, size] = [zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 24)];
    const [name, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const data = zip.subarray(start, start + packed);
    const content = method === 8 ? inflateRawSync(data) : data;
    const path = zip.toString('utf8', at + 46, at + 46 + name);
    if (content.length !== size || crc32(content) !== crc) throw new Error(`${path} is broken`);
    files.set(path, content.toString('utf8'));
    at += 46 + name + extra + comment;
  }
  return files;
}
