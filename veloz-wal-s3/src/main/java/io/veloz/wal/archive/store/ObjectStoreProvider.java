package io.veloz.wal.archive.store;

import java.net.URI;
import java.util.Map;

/** Opens stores of one URI scheme. Found by {@link java.util.ServiceLoader}; any thread may call any method. */
public interface ObjectStoreProvider {
    /** What the store's URIs start with, in lower case: "s3". */
    String scheme();

    /**
     * Opens a store. Nothing is asked of it yet.
     *
     * @param settings by name; a provider refuses one that it does not know
     * @throws IllegalArgumentException if the URI or a setting makes no sense
     */
    ObjectStore open(URI uri, Map<String, String> settings);
}
