package io.veloz.wal.backup.internal.vault;

import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.internal.profile.VaultSettings;
import io.veloz.wal.backup.internal.vault.JsonValue.Obj;
import io.veloz.wal.backup.internal.vault.VaultClient.Patience;
import io.veloz.wal.backup.internal.vault.VaultException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Imports an export of {@link VaultExport} into empty paths. Nothing that a path has is overwritten: one with the same
 * history is skipped, and a single one with another history refuses the whole import before the first write.
 *
 * <p>Kept: version numbers, data of live versions, deleted and destroyed versions as such, settings. Not kept: times; the
 * data of deleted versions, which an export does not have (an undelete returns a text that says so); times at which versions
 * were to be deleted later. A write of KV version 1 has no condition: no other client may write these paths meanwhile.
 *
 * <table>
 *   <caption>A cut of {@code write}: the same call again finishes it</caption>
 *   <tr><th>cut at</th><th>the path has</th><th>next run</th></tr>
 *   <tr><td>version 1</td><td>nothing, or version 1 and no settings</td><td>begins, or continues at the mark</td></tr>
 *   <tr><td>mark</td><td>version 1, with or without the mark</td><td>marks it again, continues at version 2</td></tr>
 *   <tr><td>version n</td><td>the mark, versions 1 to n - 1 or n</td><td>compares them, continues after the last</td></tr>
 *   <tr><td>destroy, delete</td><td>the mark, all versions, some destroyed or deleted</td><td>repeats both</td></tr>
 *   <tr><td>settings</td><td>the mark, or the whole history</td><td>repeats it, or skips the path</td></tr>
 *   <tr><td>KV version 1</td><td>nothing, or the data</td><td>writes, or skips the path</td></tr>
 *   <tr><td>between two paths</td><td>whole paths, and empty ones</td><td>skips, writes</td></tr>
 * </table>
 *
 * A marked path with other content than this export writes, or with a version of another client, is a difference. A server
 * without custom metadata (before 1.9) keeps no mark: a path that was cut after version 1 must be removed there by hand.
 *
 * <p>It belongs to one thread. Each call reads the token's file again.
 */
public final class VaultImport {
    private final VaultSettings settings;
    private final Patience patience;

    public VaultImport(VaultSettings settings) {
        this(settings, Patience.NORMAL);
    }

    VaultImport(VaultSettings settings, Patience patience) {
        this.settings = settings;
        this.patience = patience;
    }

    /**
     * Compares an export with the server, and writes nothing.
     *
     * @throws RecoveryException VAULT_DENIED, VAULT_SEALED, PLACE_UNUSABLE; DAMAGED if the export is not whole
     * @throws IOException if the server does not answer, or the stream fails; try again
     */
    public VaultPlan plan(InputStream jsonl) throws IOException {
        return run(jsonl, false);
    }

    /**
     * Writes what the server does not have. When it returns, each path was read again and equals the export.
     *
     * @return the plan that it carried out
     * @throws RecoveryException as {@link #plan}; VAULT_DIFFERS if a path has another history
     * @throws IOException if the server does not answer, or the stream fails; call it again, with the same export
     */
    public VaultPlan write(InputStream jsonl) throws IOException {
        return run(jsonl, true);
    }

    /**
     * Checks that an export is whole, without a server.
     *
     * @return the number of its secrets
     * @throws RecoveryException DAMAGED if it is not whole; the message does not quote it
     * @throws IOException if the stream fails
     */
    public static int check(InputStream jsonl) throws IOException {
        List<byte[]> lines = new ArrayList<>();
        try {
            return secrets(jsonl, lines).size();
        } finally {
            lines.forEach(line -> Arrays.fill(line, (byte) 0));
        }
    }

    private VaultPlan run(InputStream jsonl, boolean write) throws IOException {
        List<byte[]> lines = new ArrayList<>();
        try {
            List<VaultSecret> secrets = secrets(jsonl, lines);
            VaultClient client = new VaultClient(settings, patience);
            VaultReader reader = new VaultReader(client, settings);
            requireMounts(reader, secrets);
            Map<String, Integer> todo = new HashMap<>();
            VaultPlan plan = compare(reader, secrets, todo);
            if (write) {
                requireNoDifference(plan);
                VaultWriter writer = new VaultWriter(client, reader);
                for (VaultSecret secret : secrets) {
                    Integer done = todo.get(secret.name());
                    if (done != null) {
                        writer.write(secret, done);
                    }
                }
            }
            return plan;
        } catch (VaultException e) {
            throw new RecoveryException(reason(e), e.text());
        } finally {
            lines.forEach(line -> Arrays.fill(line, (byte) 0));
        }
    }

    private static RecoveryException.Reason reason(VaultException e) {
        return switch (e.reason()) {
            case DENIED -> RecoveryException.Reason.VAULT_DENIED;
            case SEALED -> RecoveryException.Reason.VAULT_SEALED;
            case DIFFERS -> RecoveryException.Reason.VAULT_DIFFERS;
            case UNUSABLE, CHANGES -> RecoveryException.Reason.PLACE_UNUSABLE;
        };
    }

    // ---- the export

    /** Reads and checks the whole export before the first request: a cut one must not be imported in part. */
    private static List<VaultSecret> secrets(InputStream jsonl, List<byte[]> lines) throws IOException {
        byte[] all = jsonl.readNBytes((int) VaultExport.MAX_BYTES + 1);
        lines.add(all);
        if (all.length > VaultExport.MAX_BYTES) {
            throw damaged(0, "more than " + VaultExport.MAX_BYTES + " bytes");
        }
        split(all, lines);
        List<VaultSecret> secrets = new ArrayList<>();
        Set<String> names = new HashSet<>();
        int number = 1;
        try {
            for (; number < lines.size(); number++) {
                Obj line = JsonValue.parse(lines.get(number));
                if (number == 1) {
                    VaultLines.requireHeader(line);
                } else if (VaultLines.isTrailer(line)) {
                    requireWhole(line, secrets.size(), number == lines.size() - 1);
                    return secrets;
                } else {
                    VaultSecret secret = VaultLines.secret(line);
                    if (!names.add(secret.name())) {
                        throw new IOException("a path that an earlier line has");
                    }
                    secrets.add(secret);
                }
            }
        } catch (IOException e) {
            throw damaged(number, e.getMessage());
        }
        throw damaged(number, "the last line is missing: the export was cut");
    }

    private static void split(byte[] all, List<byte[]> lines) {
        int start = 0;
        for (int i = 0; i < all.length; i++) {
            if (all[i] == '\n') {
                lines.add(Arrays.copyOfRange(all, start, i));
                start = i + 1;
            }
        }
        if (start < all.length) {
            lines.add(Arrays.copyOfRange(all, start, all.length));
        }
    }

    private static void requireWhole(Obj trailer, int secrets, boolean last) throws IOException {
        if (!last) {
            throw new IOException("lines after the last one of the export");
        }
        if (trailer.number("secrets") != secrets) {
            throw new IOException(secrets + " secrets; expected " + trailer.number("secrets"));
        }
    }

    private static RecoveryException damaged(int line, @Nullable String problem) {
        return new RecoveryException(
                RecoveryException.Reason.DAMAGED, "export of Vault, line " + line + ": " + problem);
    }

    // ---- the server

    private static void requireMounts(VaultReader reader, List<VaultSecret> secrets) throws IOException {
        Set<VaultMount> seen = new HashSet<>();
        for (VaultSecret secret : secrets) {
            if (!seen.add(secret.mount())) {
                continue;
            }
            VaultMount expected = secret.mount();
            VaultMount found = reader.mountOf(secret);
            if (!found.equals(expected)) {
                throw new VaultException(
                        Reason.UNUSABLE,
                        "Vault: " + secret.name() + " is in mount " + found.name() + "; expected " + expected.name());
            }
        }
    }

    private static VaultPlan compare(VaultReader reader, List<VaultSecret> secrets, Map<String, Integer> todo)
            throws IOException {
        List<String> missing = new ArrayList<>();
        List<String> unfinished = new ArrayList<>();
        List<String> equal = new ArrayList<>();
        NavigableMap<String, List<String>> different = new TreeMap<>();
        List<String> expiring = new ArrayList<>();
        for (VaultSecret secret : secrets) {
            Optional<VaultSecret> found = reader.read(secret.mount(), secret.path());
            if (secret.expires()) {
                expiring.add(secret.name());
            }
            if (found.isEmpty()) {
                missing.add(secret.name());
                todo.put(secret.name(), 0);
                continue;
            }
            List<String> differences = VaultComparison.differences(secret, found.get());
            if (differences.isEmpty()) {
                equal.add(secret.name());
            } else if (VaultComparison.isUnfinished(secret, found.get())) {
                unfinished.add(secret.name());
                todo.put(secret.name(), found.get().current());
            } else {
                different.put(secret.name(), differences);
            }
        }
        return new VaultPlan(missing, unfinished, equal, different, expiring);
    }

    private static void requireNoDifference(VaultPlan plan) {
        if (!plan.different().isEmpty()) {
            throw new VaultException(
                    Reason.DIFFERS,
                    "Vault: " + plan.different().size() + " paths have another history than the export, nothing was"
                            + " written: " + plan.describeDifferences());
        }
    }
}
