package io.veloz.wal.archive;

import io.veloz.wal.spi.RecordKeys;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** The keys of the records of a {@code SmallLog}: the text without the spaces at its end, and one for all records. */
final class PayloadKeys implements RecordKeys {
    static byte[] key(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static byte[] record(long sequence) {
        return key("record " + sequence);
    }

    @Override
    public String name() {
        return "payload";
    }

    @Override
    public void find(int type, ByteBuffer payload, Consumer<byte[]> keys) {
        keys.accept(key(StandardCharsets.ISO_8859_1
                .decode(payload.duplicate())
                .toString()
                .strip()));
        keys.accept(key("all"));
    }
}
