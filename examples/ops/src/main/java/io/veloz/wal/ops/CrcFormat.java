package io.veloz.wal.ops;

import io.veloz.wal.WalReader;
import java.util.zip.CRC32C;

/** {@code rec SEQUENCE CRC32C-HEX} with the checksum of the payload. Allocates nothing per record. */
final class CrcFormat implements RecordFormat {
    private final CRC32C crc = new CRC32C();

    @Override
    public void write(WalReader record, Output out) {
        crc.reset();
        crc.update(record.payload());
        out.text("rec ").number(record.sequence()).character(' ');
        out.hex((int) crc.getValue()).character('\n');
    }
}
