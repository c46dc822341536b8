package io.veloz.wal.archive.store;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Opens the store of a URI. Thread-safe. */
public final class ObjectStores {
    private ObjectStores() {}

    private static final String FILE = "file:";

    /** The setting with the path of a file of keys, see {@link EncryptionKeys#ofFile}. */
    public static final String KEYS_SETTING = "keys";

    /** The environment variable with the same, used if the setting is missing. */
    public static final String KEYS_VARIABLE = "VELOZ_WAL_KEYS";

    /** Opens the store of a URI with default settings. */
    public static ObjectStore open(String uri) {
        return open(uri, Map.of());
    }

    /**
     * Opens the store of a URI. What is written to its archive is encrypted, and what is read decrypted, with the keys in the
     * file that the setting {@link #KEYS_SETTING} names, or else the environment variable {@link #KEYS_VARIABLE}.
     *
     * @throws IllegalArgumentException if the URI or a setting is invalid, no provider supports the scheme, or the keys cannot
     *     be read
     */
    public static ObjectStore open(String uri, Map<String, String> settings) {
        Map<String, String> others = new HashMap<>(settings);
        String file = others.remove(KEYS_SETTING);
        file = file == null ? System.getenv(KEYS_VARIABLE) : file;
        if (file == null || file.isEmpty()) {
            return openPlain(uri, others);
        }
        EncryptionKeys keys = EncryptionKeys.ofFile(Path.of(file));
        return withKeys(openPlain(uri, others), keys);
    }

    /** Returns a store whose archive is encrypted with keys. Closing it closes the given store. */
    public static ObjectStore withKeys(ObjectStore store, EncryptionKeys keys) {
        return new StoreWithKeys(store, keys);
    }

    private static ObjectStore openPlain(String uri, Map<String, String> settings) {
        URI parsed;
        try {
            parsed = uri.regionMatches(true, 0, FILE, 0, FILE.length()) ? fileUri(uri) : new URI(uri);
        } catch (URISyntaxException e) {
            // Neither printed nor kept as the cause: the invalid part may be a password.
            throw new IllegalArgumentException(
                    "archive: expected a URI such as s3://bucket/prefix; invalid character at index " + e.getIndex());
        }
        if (parsed.getUserInfo() != null) {
            throw new IllegalArgumentException(
                    "the URI of an archive must not contain a user or password; expected s3://bucket/prefix, with"
                            + " credentials from the environment");
        }
        String scheme = parsed.getScheme() == null ? "" : parsed.getScheme().toLowerCase(Locale.ROOT);
        TreeSet<String> known = new TreeSet<>();
        // The context class loader finds stores of the application. On a thread of the common pool it may not see this
        // library, so the class loader of the library follows.
        ServiceConfigurationError unusable = null;
        for (ClassLoader loader : new @Nullable ClassLoader[] {
            Thread.currentThread().getContextClassLoader(), ObjectStores.class.getClassLoader()
        }) {
            try {
                for (ObjectStoreProvider provider : ServiceLoader.load(ObjectStoreProvider.class, loader)) {
                    if (provider.scheme().equals(scheme)) {
                        return provider.open(parsed, settings);
                    }
                    known.add(provider.scheme() + ":");
                }
            } catch (ServiceConfigurationError e) {
                // Most likely another copy of the library. Reported only if no provider is found.
                unusable = e;
            }
        }
        throw new IllegalArgumentException(
                "archive \"" + uri + "\": expected a URI that starts with one of " + known, unusable);
    }

    /** Accepts a path that is not URI-encoded, with spaces and non-ASCII letters. */
    private static URI fileUri(String uri) throws URISyntaxException {
        try {
            return new URI(uri);
        } catch (URISyntaxException e) {
            String path = uri.substring(FILE.length());
            if (path.startsWith("//") && !path.startsWith("///")) {
                throw e;
            }
            return new URI("file", path.startsWith("///") ? path.substring(2) : path, null);
        }
    }
}
