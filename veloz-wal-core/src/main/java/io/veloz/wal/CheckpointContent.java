package io.veloz.wal;

import java.io.IOException;
import java.io.OutputStream;

/**
 * What a checkpoint holds, in bytes. It is called once, on a thread of the log. It must not write a checkpoint, nor wait
 * for a thread that does: one is written at a time.
 */
@FunctionalInterface
public interface CheckpointContent {
    /** Writes all of it. The stream is buffered and need not be closed. */
    void writeTo(OutputStream out) throws IOException;
}
