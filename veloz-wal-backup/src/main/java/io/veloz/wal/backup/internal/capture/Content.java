package io.veloz.wal.backup.internal.capture;

import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.Kind;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;

/** The content of an attachment as it is now. It belongs to one thread. */
public interface Content {
    Kind kind();

    /** Returns the absolute paths of the files and directories in it; empty unless it is a tar. */
    default List<String> roots() {
        return List.of();
    }

    /** Returns what a person should correct, though the backup can be made. */
    default List<String> findings() {
        return List.of();
    }

    /** Returns the properties of the database, if it is one. They are complete after {@link #writeTo}. */
    default Optional<DatabaseFacts> database() {
        return Optional.empty();
    }

    /** Returns whether unchanged content is written as the same bytes, so that it need not be stored again. */
    boolean isRepeatable();

    /**
     * Writes all of the content. If this returns, the content is complete.
     *
     * @param mac is updated with the content: equal contents give equal codes
     */
    void writeTo(OutputStream target, Mac mac) throws IOException;
}
