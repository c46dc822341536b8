package io.veloz.wal.archive;

import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.ObjectFiles.Expected;
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
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Checks an archive in its place. Changes nothing, and disturbs no writer. Any thread may call any method.
 *
 * <p>Both depths read and prove the slots. {@link #quick} then checks that every object is there, with the size in its slot.
 * {@link #full} reads every object and every record in it, and compares them with what the slots state: what it finds sound
 * can be restored.
 */
public final class ArchiveVerifier {
    private static final int PARALLELISM = 8;

    private final ObjectStore store;
    private final Retries retries;
    private final @Nullable Path scratch;

    /** Uses the directory for temporary files as {@link #ArchiveVerifier(ObjectStore, Path)} its own. */
    public ArchiveVerifier(ObjectStore store) {
        this(store, Retries.withBackoff(), null);
    }

    /**
     * @param scratch a directory in which {@link #full} makes a directory of its own, with a few segments at a time, and
     *     removes it
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
     * Looks at slots, and at the sizes of objects.
     *
     * @throws WalRestoreException if the slots do not prove the archive, or the store cannot be read; its reason says what to
     *     do
     */
    public ArchiveReport quick(WalProgress progress) {
        return run(() -> verify(false, progress));
    }

    /**
     * Looks at all content.
     *
     * @throws WalRestoreException as {@link #quick}
     */
    public ArchiveReport full(WalProgress progress) {
        return run(() -> verify(true, progress));
    }

    ArchiveStatus status() {
        return run(() -> status(proof()));
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
                        store.describe() + " holds no archive (there is no log.json); correct the URI",
                        null));
        return new Prover(log, identity, retries, PARALLELISM, slots -> {});
    }

    private ArchiveStatus status(Proof proof) {
        LogIdentity identity = proof.identity();
        @Nullable Slot tip = proof.tip();
        return new ArchiveStatus(
                store.describe(),
                identity.logId(),
                identity.prefix(),
                identity.created(),
                tip == null ? 0 : tip.number(),
                tip == null ? 0 : tip.epoch(),
                tip == null ? "" : tip.writer(),
                tip == null ? "" : tip.host(),
                tip == null ? identity.created() : tip.written(),
                identity.firstSequence(),
                proof.archived().sequence(),
                proof.segments().size(),
                proof.segments().stream().mapToLong(Segment::objectBytes).sum(),
                proof.segments().stream().mapToLong(Segment::fileBytes).sum(),
                proof.tails().size(),
                proof.tails().stream()
                        .mapToLong(
                                tail -> tail.tail().endPosition() - tail.tail().position())
                        .sum(),
                proof.attachments().stream()
                        .mapToLong(Attachment::sequence)
                        .max()
                        .orElse(0),
                proof.slots(),
                proof.strayCount(),
                proof.gaps());
    }

    private record Named(Expected expected, long firstSequence, long lastSequence) {}

    private ArchiveReport verify(boolean full, WalProgress progress) throws IOException {
        long started = System.nanoTime();
        Prover prover = prover();
        Proof proof = prover.prove(Long.MAX_VALUE);
        List<Named> named = new ArrayList<>();
        for (Segment s : proof.segments()) {
            Expected expected = new Expected(s.key(), s.objectBytes(), s.objectSha256(), s.fileBytes(), s.fileSha256());
            named.add(new Named(expected, s.firstSequence(), s.lastSequence()));
        }
        for (Attachment a : proof.attachments()) {
            Expected expected = new Expected(a.key(), a.objectBytes(), a.objectSha256(), a.fileBytes(), a.fileSha256());
            named.add(new Named(expected, -1, -1));
        }
        List<Problem> problems = new ArrayList<>();
        List<String> orphans = new ArrayList<>();
        Map<String, Long> listed = prover.objects();
        if (retries.call(() -> store.head(ArchiveKeys.LOG)).isEmpty()) {
            problems.add(new Problem(
                    ArchiveKeys.LOG, -1, -1, "it is missing; put it back as \"logJson\" in the EPOCH slots has it"));
        }
        long read = full ? content(proof, problems, progress) : sizes(named, listed, problems);
        named.forEach(object -> listed.remove(object.expected().key()));
        orphans.addAll(listed.keySet());
        orphans.sort(String::compareTo);
        Duration took = Duration.ofNanos(System.nanoTime() - started);
        return new ArchiveReport(status(proof), named.size(), read, problems, orphans, full, took);
    }

    private long sizes(List<Named> named, Map<String, Long> listed, List<Problem> problems) throws IOException {
        for (Named object : named) {
            Expected expected = object.expected();
            @Nullable Long bytes = listed.get(expected.key());
            if (bytes == null) {
                // The list is a hint.
                bytes = retries.call(() -> store.head(expected.key()))
                        .map(StoredObject::bytes)
                        .orElse(null);
            }
            if (bytes == null || bytes != expected.objectBytes()) {
                String got = bytes == null ? "it is missing" : bytes + " bytes";
                problems.add(problem(object, got + "; expected " + expected.objectBytes() + " bytes"));
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
        return new Problem(object.expected().key(), object.firstSequence(), object.lastSequence(), reason);
    }
}
