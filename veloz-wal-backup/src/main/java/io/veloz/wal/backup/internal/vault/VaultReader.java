package io.veloz.wal.backup.internal.vault;

import io.veloz.wal.backup.internal.profile.VaultSettings;
import io.veloz.wal.backup.internal.vault.JsonValue.Obj;
import io.veloz.wal.backup.internal.vault.JsonValue.Text;
import io.veloz.wal.backup.internal.vault.VaultClient.Answer;
import io.veloz.wal.backup.internal.vault.VaultException.Reason;
import io.veloz.wal.backup.internal.vault.VaultSecret.State;
import io.veloz.wal.backup.internal.vault.VaultSecret.Version;
import java.io.IOException;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Reads mounts, folders and secrets with their history. It belongs to one thread. */
final class VaultReader {
    private static final int READS_OF_A_CHANGING_SECRET = 3;
    private static final int MAX_DEPTH = 128;
    private static final int MAX_SECRETS = 100_000;

    private final VaultClient client;
    private final VaultSettings settings;

    VaultReader(VaultClient client, VaultSettings settings) {
        this.client = client;
        this.settings = settings;
    }

    // ---- mounts

    /**
     * Returns the mount of a path. A policy may deny this endpoint while it allows all of the path: then the version must
     * be known, and the mount is the first part of the path.
     *
     * @param knownVersion 1 or 2; 0 if only the server can say it
     */
    VaultMount mount(String path, int knownVersion) throws IOException {
        Optional<Obj> found = Optional.empty();
        try {
            found = report(path);
        } catch (VaultException e) {
            if (knownVersion == 0 || !hidesMounts(e)) {
                throw e;
            }
        }
        if (found.isPresent()) {
            return mount(path, found.get(), knownVersion);
        }
        if (knownVersion == 0) {
            throw new VaultException(
                    Reason.UNUSABLE,
                    "Vault: the server does not report the mount of " + path + "; set vault.kv-version");
        }
        return new VaultMount(path.split("/", 2)[0], knownVersion);
    }

    /** Returns the mount of a secret of an export; an export knows its mount where the server does not report it. */
    VaultMount mountOf(VaultSecret secret) throws IOException {
        Optional<Obj> found = Optional.empty();
        try {
            found = report(secret.name());
        } catch (VaultException e) {
            if (!hidesMounts(e)) {
                throw e;
            }
        }
        return found.isEmpty()
                ? secret.mount()
                : mount(secret.name(), found.get(), secret.mount().version());
    }

    /** A policy denies the endpoint, or an old server does not have it. */
    private static boolean hidesMounts(VaultException e) {
        return e.reason() == Reason.DENIED || e.reason() == Reason.UNUSABLE;
    }

    private Optional<Obj> report(String path) throws IOException {
        Answer answer = client.get("sys/internal/ui/mounts/" + path);
        return answer.found() ? Optional.of(answer.data()) : Optional.empty();
    }

    private static VaultMount mount(String path, Obj found, int knownVersion) {
        String type = found.text("type").orElse("");
        String name = found.text("path").orElse("").replaceAll("/+$", "");
        if (!(type.equals("kv") || type.equals("generic")) || name.isEmpty() || !(path + "/").startsWith(name + "/")) {
            throw new VaultException(
                    Reason.UNUSABLE, "Vault: " + path + " is in a mount of type \"" + type + "\"; expected kv");
        }
        boolean second = "2"
                .equals(found.object("options")
                        .flatMap(options -> options.text("version"))
                        .orElse("1"));
        VaultMount mount = new VaultMount(name, second ? 2 : 1);
        return knownVersion == 0 ? mount : mount.requireVersion(knownVersion);
    }

    // ---- folders

    /**
     * Adds the paths of all secrets at a path and below it. A secret {@code a} and a folder {@code a/} may both exist.
     *
     * @param path below the mount, empty for all of it
     */
    void find(VaultMount mount, String path, SortedSet<String> found) throws IOException {
        if (!path.isEmpty() && client.get(mount.request("metadata", path)).found()) {
            found.add(path);
        }
        list(mount, path.isEmpty() ? "" : path + "/", found, 0);
    }

    private void list(VaultMount mount, String folder, SortedSet<String> found, int depth) throws IOException {
        if (depth > MAX_DEPTH || found.size() > MAX_SECRETS) {
            throw new VaultException(
                    Reason.UNUSABLE,
                    "Vault: " + mount.name() + "/" + folder + ": more than " + MAX_DEPTH + " levels or " + MAX_SECRETS
                            + " secrets");
        }
        // A copy in order: the requests of two runs are the same.
        SortedSet<String> keys = new TreeSet<>();
        for (JsonValue key :
                client.list(mount.request("metadata", folder)).data().array("keys")) {
            if (!(key instanceof Text text) || text.value().replace("/", "").isEmpty()) {
                throw new IOException("Vault: LIST " + mount.name() + "/" + folder + ": a key without a name");
            }
            keys.add(text.value());
        }
        for (String key : keys) {
            if (key.endsWith("/")) {
                list(mount, folder + key, found, depth + 1);
            } else {
                found.add(folder + key);
            }
        }
    }

    // ---- secrets

    /** Reads a secret with all of its versions; empty if the path has none. */
    Optional<VaultSecret> read(VaultMount mount, String path) throws IOException {
        if (mount.version() == 1) {
            return readFirst(mount, path);
        }
        for (int i = 0; i < READS_OF_A_CHANGING_SECRET; i++) {
            Answer metadata = client.get(mount.request("metadata", path));
            if (!metadata.found()) {
                return Optional.empty();
            }
            Optional<VaultSecret> secret = readVersions(mount, path, metadata.data());
            if (secret.isPresent()) {
                return secret;
            }
        }
        throw new VaultException(
                Reason.CHANGES,
                "Vault: " + mount.name() + "/" + path + " changed during " + READS_OF_A_CHANGING_SECRET
                        + " attempts to read it");
    }

    private Optional<VaultSecret> readFirst(VaultMount mount, String path) throws IOException {
        Answer answer = client.get(mount.request("", path));
        if (!answer.found()) {
            return Optional.empty();
        }
        NavigableMap<Integer, Version> versions = new TreeMap<>();
        versions.put(1, new Version(State.LIVE, new Obj(), Optional.of(answer.data())));
        return Optional.of(new VaultSecret(mount, path, new Obj(), new Obj(), 1, versions));
    }

    /** Returns empty if a version was dropped since the metadata was read. */
    private Optional<VaultSecret> readVersions(VaultMount mount, String path, Obj metadata) throws IOException {
        NavigableMap<Integer, Version> versions = new TreeMap<>();
        for (Map.Entry<String, JsonValue> entry :
                metadata.object("versions").orElseGet(Obj::new).fields().entrySet()) {
            if (!entry.getKey().matches("[1-9][0-9]{0,6}") || !(entry.getValue() instanceof Obj times)) {
                throw new IOException("Vault: " + mount.name() + "/" + path + ": metadata with an unknown version");
            }
            int number = Integer.parseInt(entry.getKey());
            Optional<Version> version = times.isTrue("destroyed")
                    ? Optional.of(new Version(State.DESTROYED, versionTimes(times), Optional.empty()))
                    : readVersion(mount, path, number);
            if (version.isEmpty()) {
                return Optional.empty();
            }
            versions.put(number, version.get());
        }
        int current = Math.max(0, metadata.number("current_version"));
        if (!versions.isEmpty() && versions.lastKey() > current) {
            throw new IOException("Vault: " + mount.name() + "/" + path + ": metadata with version "
                    + versions.lastKey() + " after the current version " + current);
        }
        return Optional.of(new VaultSecret(mount, path, settings(metadata), times(metadata), current, versions));
    }

    /** The server decides whether a version is deleted, by its clock: a deletion time may be in the future. */
    private Optional<Version> readVersion(VaultMount mount, String path, int number) throws IOException {
        Answer answer = client.get(mount.request("data", path), "version=" + number);
        Optional<Obj> metadata = answer.data().object("metadata");
        if (metadata.isEmpty()) {
            return Optional.empty();
        }
        Obj times = versionTimes(metadata.get());
        if (!answer.found()) {
            State state = metadata.get().isTrue("destroyed") ? State.DESTROYED : State.DELETED;
            return Optional.of(new Version(state, times, Optional.empty()));
        }
        return Optional.of(new Version(
                State.LIVE, times, Optional.ofNullable(answer.data().fields().get("data"))));
    }

    private static Obj versionTimes(Obj from) {
        return new Obj()
                .put("created_time", from.text("created_time").orElse(""))
                .put("deletion_time", from.text("deletion_time").orElse(""));
    }

    private static Obj times(Obj metadata) {
        return new Obj()
                .put("created_time", metadata.text("created_time").orElse(""))
                .put("updated_time", metadata.text("updated_time").orElse(""));
    }

    /** Servers before 1.9 have no custom metadata, and before 1.2 no time of deletion. */
    private static Obj settings(Obj metadata) {
        Obj settings = new Obj();
        for (Map.Entry<String, JsonValue> field : VaultSecret.DEFAULTS.fields().entrySet()) {
            JsonValue value = metadata.fields().get(field.getKey());
            settings.put(
                    field.getKey(), value == null || value.equals(JsonValue.Literal.NULL) ? field.getValue() : value);
        }
        return settings;
    }

    int configuredVersion() {
        return settings.version();
    }
}
