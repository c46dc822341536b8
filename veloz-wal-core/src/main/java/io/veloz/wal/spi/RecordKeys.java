package io.veloz.wal.spi;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * Finds the keys of a record, such as the id of its order, by which an archive is searched without reading all of it.
 * Implementations are thread-safe.
 *
 * <p>An index is only found by the same implementation that it was made with, which {@link #name} identifies.
 */
public interface RecordKeys {
    /** The form of a {@link #name}. */
    String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}";

    /**
     * Returns the name of this implementation: 1 to 64 letters, digits and {@code "._-"}, the first one a letter or digit. It
     * must change when other keys are found in the same records.
     */
    String name();

    /**
     * Passes on each key of a record. Passes on nothing for a record that has none, or that it cannot decode.
     *
     * @param type the type of the record
     * @param payload the content of the record, valid during this call only
     * @param keys receives the keys, which may be equal to each other
     */
    void find(int type, ByteBuffer payload, Consumer<byte[]> keys);
}
