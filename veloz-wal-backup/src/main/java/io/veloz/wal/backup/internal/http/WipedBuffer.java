package io.veloz.wal.backup.internal.http;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** A buffer for secrets, which is overwritten after use. It belongs to one thread. */
public final class WipedBuffer extends ByteArrayOutputStream {
    /** Overwrites the content; not what the buffer had before it grew. */
    public void wipe() {
        Arrays.fill(buf, (byte) 0);
    }
}
