package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * The end of the previous segment, as recorded in the first batch of a segment. It proves that the previous segment is
 * complete. Immutable.
 *
 * @param number number of the previous segment, 0 if there is none
 * @param end the position after its last batch
 * @param lastBatchCrc the checksum of that batch, which covers all earlier batches through the chain
 */
public record Predecessor(long number, long salt, long end, int lastBatchCrc) {
    public static final int BYTES = 32;
    public static final Predecessor NONE = new Predecessor(0, 0, 0, 0);

    public void encode(ByteBuffer buffer, int at, long ownSalt, Checksum checksum) {
        buffer.putLong(at, number);
        buffer.putLong(at + 8, salt);
        buffer.putLong(at + 16, end);
        buffer.putInt(at + 24, lastBatchCrc);
        buffer.putInt(at + 28, crc(buffer, at, ownSalt, checksum));
    }

    public static Predecessor decode(ByteBuffer buffer, int at, long ownSalt, Checksum checksum)
            throws DamagedException {
        int crc = crc(buffer, at, ownSalt, checksum);
        if (crc != buffer.getInt(at + 28)) {
            throw new DamagedException(String.format(
                    Locale.ROOT, "predecessor checksum %08x; expected %08x", crc, buffer.getInt(at + 28)));
        }
        return new Predecessor(
                buffer.getLong(at), buffer.getLong(at + 8), buffer.getLong(at + 16), buffer.getInt(at + 24));
    }

    private static int crc(ByteBuffer buffer, int at, long ownSalt, Checksum checksum) {
        return checksum.start(ownSalt, BYTES).add(buffer, at, 28).value();
    }
}
