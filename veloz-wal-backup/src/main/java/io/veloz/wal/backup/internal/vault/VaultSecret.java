package io.veloz.wal.backup.internal.vault;

import io.veloz.wal.backup.internal.vault.JsonValue.Literal;
import io.veloz.wal.backup.internal.vault.JsonValue.Obj;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Optional;

/**
 * A secret with its history. Version 1 of the engine has no history: its secret has one live version, and no settings.
 * Immutable.
 *
 * @param path below the mount
 * @param settings {@code cas_required}, {@code custom_metadata}, {@code delete_version_after}, {@code max_versions}
 * @param times {@code created_time} and {@code updated_time}, for information
 * @param current number of the latest version; 0 if there are settings only
 * @param versions that the server still has, by number. An older one that it has dropped is missing
 */
record VaultSecret(
        VaultMount mount, String path, Obj settings, Obj times, int current, NavigableMap<Integer, Version> versions) {
    static final Obj DEFAULTS = new Obj()
            .put("cas_required", Literal.FALSE)
            .put("custom_metadata", new Obj())
            .put("delete_version_after", "0s")
            .put("max_versions", 0);

    /** State of a version. */
    enum State {
        /** Its data can be read. */
        LIVE,
        /** Its data exists in the server and cannot be read: it can be undeleted. */
        DELETED,
        /** Its data does not exist any more. */
        DESTROYED;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A version.
     *
     * @param times {@code created_time} and {@code deletion_time}, for information
     * @param data empty unless live
     */
    record Version(State state, Obj times, Optional<JsonValue> data) {}

    /** Returns mount and path. */
    String name() {
        return mount.name() + "/" + path;
    }

    /** Returns the number of the oldest version that the server still has. */
    int oldest() {
        return versions.isEmpty() ? current + 1 : versions.firstKey();
    }

    /** Returns the state of a version; one that the server has dropped is as good as destroyed. */
    State state(int version) {
        Version found = versions.get(version);
        return found == null ? State.DESTROYED : found.state();
    }

    /** Returns whether a version that can be read is to be deleted by the server at a later time. */
    boolean expires() {
        return versions.values().stream()
                .anyMatch(version -> version.state() == State.LIVE
                        && !version.times().text("deletion_time").orElse("").isEmpty());
    }

    @Override
    public String toString() {
        return name();
    }
}
