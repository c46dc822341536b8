package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** Removes the SHA-256 of the data from the footers of a closed log, as a log has them that does not compute it. */
public final class FootersWithoutDigest {
    private static final int DATA_DIGEST = 96;
    private static final int PREVIOUS_FOOTER = 128;
    private static final int DIGEST_BYTES = 32;
    private static final int TRAILER_BYTES = 16;

    private FootersWithoutDigest() {}

    /** Rewrites all sealed segments in a directory, and the chain of their footers. */
    public static void write(Path directory) throws IOException {
        LogFiles files = LogFiles.of(directory);
        byte[] previous = new byte[DIGEST_BYTES];
        for (long number : files.sealed()) {
            Path file = directory.resolve(files.sealedName(number));
            byte[] bytes = Files.readAllBytes(file);
            ByteBuffer content = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            int begin = bytes.length - content.getInt(bytes.length - TRAILER_BYTES);
            Arrays.fill(bytes, begin + DATA_DIGEST, begin + DATA_DIGEST + DIGEST_BYTES, (byte) 0);
            System.arraycopy(previous, 0, bytes, begin + PREVIOUS_FOOTER, DIGEST_BYTES);
            CRC32C crc = new CRC32C();
            crc.update(bytes, begin, bytes.length - 12 - begin);
            content.putInt(bytes.length - 12, (int) crc.getValue());
            Files.write(file, bytes);
            previous = sha256(Arrays.copyOfRange(bytes, begin, bytes.length));
        }
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
