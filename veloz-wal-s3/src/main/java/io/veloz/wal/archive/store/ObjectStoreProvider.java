package io.veloz.wal.archive.store;

import java.net.URI;
import java.util.Map;

/** Opens the stores of one URI scheme. Found by {@link java.util.ServiceLoader}. Thread-safe. */
public interface ObjectStoreProvider {
    /** Returns the URI scheme in lower case, such as "s3". */
    String scheme();

    /**
     * Opens a store. Sends no request.
     *
     * @param settings values by name; unknown names are rejected
     * @throws IllegalArgumentException if the URI or a setting is invalid
     */
    ObjectStore open(URI uri, Map<String, String> settings);
}
