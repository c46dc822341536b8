package io.veloz.wal.backup.internal.vault;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.internal.profile.VaultSettings;
import io.veloz.wal.backup.internal.vault.JsonValue.Obj;
import io.veloz.wal.backup.internal.vault.VaultClient.Patience;
import io.veloz.wal.backup.internal.vault.VaultException.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Exports the secrets of key-value engines with their histories ({@link VaultLines}). Two exports of an unchanged server are
 * equal, byte by byte.
 *
 * <p>The data of a deleted version is not exported: the server returns it only after an undelete, and an export changes
 * nothing. Policies, tokens, leases and the settings of mounts are not exported either. A secret that another client deletes
 * during the export may be missing; each secret that is exported is consistent.
 *
 * <p>It belongs to one thread. Each call reads the token's file again.
 */
public final class VaultExport {
    /** An import reads all of it into memory before it writes. */
    static final long MAX_BYTES = 64L * 1024 * 1024;

    private final VaultSettings settings;
    private final Patience patience;

    public VaultExport(VaultSettings settings) {
        this(settings, Patience.NORMAL);
    }

    VaultExport(VaultSettings settings, Patience patience) {
        this.settings = settings;
        this.patience = patience;
    }

    /**
     * Writes the export, and does not close the stream. After an exception the stream has an export without its last line,
     * which an import refuses.
     *
     * @return the number of secrets
     * @throws BackupRefusedException VAULT_DENIED, VAULT_SEALED, SOURCE_UNUSABLE, SOURCE_CHANGES
     * @throws IOException if the server does not answer, or the stream fails; try again
     */
    public int writeTo(OutputStream out) throws IOException {
        try {
            return export(new VaultReader(new VaultClient(settings, patience), settings), out);
        } catch (VaultException e) {
            throw new BackupRefusedException(reason(e), e.text());
        }
    }

    private static BackupRefusedException.Reason reason(VaultException e) {
        return switch (e.reason()) {
            case DENIED -> BackupRefusedException.Reason.VAULT_DENIED;
            case SEALED -> BackupRefusedException.Reason.VAULT_SEALED;
            case CHANGES -> BackupRefusedException.Reason.SOURCE_CHANGES;
            case UNUSABLE, DIFFERS -> BackupRefusedException.Reason.SOURCE_UNUSABLE;
        };
    }

    private int export(VaultReader reader, OutputStream out) throws IOException {
        NavigableMap<VaultMount, SortedSet<String>> secrets = new TreeMap<>();
        SortedSet<String> paths = new TreeSet<>();
        for (String setting : settings.paths()) {
            String path = setting.replaceAll("^/+|/+$", "");
            paths.add(path);
            find(reader, path, secrets);
        }
        long bytes = write(out, VaultLines.header(paths), 0);
        int count = 0;
        for (Map.Entry<VaultMount, SortedSet<String>> mount : secrets.entrySet()) {
            for (String path : mount.getValue()) {
                Optional<VaultSecret> secret = reader.read(mount.getKey(), path);
                if (secret.isPresent()) {
                    bytes = write(out, VaultLines.secret(secret.get()), bytes);
                    count++;
                }
            }
        }
        write(out, VaultLines.trailer(count), bytes);
        return count;
    }

    /** A misspelled path must not become an empty backup. */
    private static void find(VaultReader reader, String path, NavigableMap<VaultMount, SortedSet<String>> secrets)
            throws IOException {
        VaultMount mount = reader.mount(path, reader.configuredVersion());
        SortedSet<String> found = new TreeSet<>();
        reader.find(
                mount,
                path.equals(mount.name()) ? "" : path.substring(mount.name().length() + 1),
                found);
        if (found.isEmpty()) {
            throw new VaultException(
                    Reason.UNUSABLE, "Vault: " + path + " is neither a secret nor a folder with secrets");
        }
        secrets.computeIfAbsent(mount, key -> new TreeSet<>()).addAll(found);
    }

    private static long write(OutputStream out, Obj line, long before) throws IOException {
        byte[] bytes = line.toBytes();
        try {
            long after = before + bytes.length + 1;
            if (after > MAX_BYTES) {
                throw new VaultException(
                        Reason.UNUSABLE, "Vault: the export has more than " + MAX_BYTES + " bytes; name fewer paths");
            }
            out.write(bytes);
            out.write('\n');
            return after;
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }
}
