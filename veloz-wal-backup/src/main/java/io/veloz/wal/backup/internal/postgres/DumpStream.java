package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.DatabaseFacts;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * The dump at the beginning of an attachment: the next bytes of a stream, which it does not close. It hands out the last of
 * them only after the properties that follow were read and the facts of the recovery point are equal to those in them: a
 * reader that restores in one transaction cannot commit on the word of a point that was changed. It belongs to one thread.
 */
final class DumpStream extends InputStream {
    private final InputStream in;
    private final DatabaseFacts facts;
    private long left;
    private Optional<PrivateProperties> properties = Optional.empty();

    DumpStream(InputStream in, DatabaseFacts facts) {
        this.in = in;
        this.facts = facts;
        this.left = facts.dumpBytes();
    }

    /** Returns what follows the dump; empty before all of the dump was read. */
    Optional<PrivateProperties> properties() {
        return properties;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (left == 0) {
            return length == 0 ? 0 : -1;
        }
        int count = in.read(target, from, (int) Math.min(length, left));
        if (count > 0) {
            left -= count;
            if (left == 0) {
                properties = Optional.of(PrivateProperties.read(in, facts));
            }
        }
        return count;
    }
}
