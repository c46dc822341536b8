package io.veloz.wal;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes the content of a checkpoint. It is called once, on a thread of the log. It must not write a checkpoint, and must
 * not wait for a thread that writes one, because the log writes one checkpoint at a time.
 */
@FunctionalInterface
public interface CheckpointContent {
    /** Writes the whole content. The stream is buffered and need not be closed. */
    void writeTo(OutputStream out) throws IOException;
}
