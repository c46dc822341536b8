package io.veloz.wal.archive;

import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Prover.Latest;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.RestoreErrors;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Verifies an archive without modifying it, also while a writer ships to it. Thread-safe.
 *
 * <p>Both methods read the slots and verify their chain. {@link #quick} then checks that every object exists and has the size
 * that its slot states. {@link #full} reads all objects and all records, and compares them with the slots. An archive that
 * passes can be restored.
 */
public final class ArchiveVerifier {
    private static final int PARALLELISM = 8;

    private final ObjectStore store;
    private final Retries retries;
    private final @Nullable Path scratch;

    /** Creates a verifier that uses the default directory for temporary files. */
    public ArchiveVerifier(ObjectStore store) {
        this(store, Retries.withBackoff(), null);
    }

    /**
     * Creates a verifier.
     *
     * @param scratch a directory in which {@link #full} creates a temporary directory, for a few segments at a time
     */
    public ArchiveVerifier(ObjectStore store, Path scratch) {
        this(store, Retries.withBackoff(), scratch);
    }

    ArchiveVerifier(ObjectStore store, Retries retries) {
        this(store, retries, null);
    }

    private ArchiveVerifier(ObjectStore store, Retries retries, @Nullable Path scratch) {
        this.store = store;
        this.retries = retries;
        this.scratch = scratch;
    }

    /**
     * Checks the slots and the sizes of the objects.
     *
     * @throws WalRestoreException if the chain of slots is damaged, or the store cannot be read; see the reason
     */
    public ArchiveReport quick(WalProgress progress) {
        return run(() -> verify(false, progress));
    }

    /**
     * Checks the slots and the content of all objects, also the slots that summaries repeat.
     *
     * @throws WalRestoreException as {@link #quick} does
     */
    public ArchiveReport full(WalProgress progress) {
        return run(() -> verify(true, progress));
    }

    ArchiveStatus status() {
        return run(() -> {
            Optional<Latest> latest = prover().latest();
            return latest.isPresent()
                    ? new ArchiveStatus(store.describe(), latest.get())
                    : new ArchiveStatus(store.describe(), proof());
        });
    }

    Proof proof() throws IOException {
        return prover().prove(Long.MAX_VALUE);
    }

    <T> T run(Callable<T> task) {
        try {
            return UninterruptibleThread.call("veloz-wal-verify", task);
        } catch (Exception e) {
            throw RestoreErrors.translate(e, store.describe());
        }
    }

    private Prover prover() throws IOException {
        ShipLog log = new ShipLog(store);
        LogIdentity identity = retries.call(log::identity)
                .orElseThrow(() -> new WalRestoreException(
                        Reason.NOT_AN_ARCHIVE,
                        store.describe() + " is not an archive (it has no log.json); correct the URI",
                        null));
        return new Prover(log, identity, retries, PARALLELISM, slots -> {});
    }

    /** An object that a slot names. */
    private record Named(StoredFile stored, long firstSequence, long lastSequence) {}

    private ArchiveReport verify(boolean full, WalProgress progress) throws IOException {
        long started = System.nanoTime();
        Prover prover = prover();
        Proof proof = prover.prove(Long.MAX_VALUE);
        List<Named> named = new ArrayList<>();
        for (Segment s : proof.segments()) {
            named.add(new Named(s.stored(), s.firstSequence(), s.lastSequence()));
        }
        for (Attachment a : proof.attachments()) {
            named.add(new Named(a.stored(), -1, -1));
        }
        List<Problem> problems = new ArrayList<>();
        List<String> orphans = new ArrayList<>();
        Map<String, Long> listed = prover.objects();
        if (retries.call(() -> store.head(ArchiveKeys.LOG)).isEmpty()) {
            problems.add(new Problem(
                    ArchiveKeys.LOG, -1, -1, "it is missing; restore it from \"logJson\" in an EPOCH slot"));
        }
        if (full) {
            prover.originals().check(found -> problems.add(new Problem(found.key(), -1, -1, found.reason())));
        }
        long read = full ? content(proof, problems, progress) : sizes(named, listed, problems);
        named.forEach(object -> listed.remove(object.stored().key()));
        listed.keySet().stream()
                .filter(key -> !ArchiveKeys.isOfBackup(key))
                .sorted()
                .forEach(orphans::add);
        Duration took = Duration.ofNanos(System.nanoTime() - started);
        return new ArchiveReport(
                new ArchiveStatus(store.describe(), proof), named.size(), read, problems, orphans, full, took);
    }

    private long sizes(List<Named> named, Map<String, Long> listed, List<Problem> problems) throws IOException {
        for (Named object : named) {
            StoredFile expected = object.stored();
            @Nullable Long bytes = listed.get(expected.key());
            if (bytes == null) {
                // A list may be stale.
                bytes = retries.call(() -> store.head(expected.key()))
                        .map(StoredObject::bytes)
                        .orElse(null);
            }
            if (bytes == null || bytes != expected.objectBytes()) {
                String found = bytes == null ? "it is missing" : bytes + " bytes";
                problems.add(problem(object, found + "; expected " + expected.objectBytes() + " bytes"));
            }
        }
        return 0;
    }

    private long content(Proof proof, List<Problem> problems, WalProgress progress) throws IOException {
        Path directory = scratch == null
                ? Files.createTempDirectory("veloz-wal-verify-")
                : Files.createTempDirectory(scratch, "veloz-wal-verify-");
        try {
            RecordCheck check =
                    new RecordCheck(store, retries, proof.identity(), DiskStorage.open(directory), progress);
            check.check(proof);
            problems.addAll(check.problems());
            return check.read();
        } finally {
            delete(directory);
        }
    }

    static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    private static Problem problem(Named object, String reason) {
        return new Problem(object.stored().key(), object.firstSequence(), object.lastSequence(), reason);
    }
}
