package io.veloz.wal.archive;

import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.ArchiveVerifyOptions.Cost;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.care.Janitor;
import io.veloz.wal.archive.internal.care.Marks;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Mark;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One verification of an archive. Confined to one thread.
 *
 * <p>Order matters: objects are listed and read before the last look at the floor. An object that retention has deleted
 * meanwhile is below that floor, and is no problem.
 */
final class Verification {
    private final CareAccess care;
    private final Prover prover;
    private final ArchiveVerifyOptions options;
    private final @Nullable Path scratch;
    private final WalProgress progress;
    private final CareChain chain;
    private final List<Problem> problems = new ArrayList<>();
    private final Instant begun;
    private long skipped;

    /** The mark whose segments are not read again; null if all are read. */
    private @Nullable Mark basis;

    Verification(
            CareAccess care, Prover prover, ArchiveVerifyOptions options, @Nullable Path scratch, WalProgress progress)
            throws IOException {
        this.care = care;
        this.prover = prover;
        this.options = options;
        this.scratch = scratch;
        this.progress = progress;
        this.chain = new CareChain(care.store(), care.retries(), care.identity());
        this.begun = care.clock().instant().truncatedTo(ChronoUnit.MILLIS);
    }

    /** An object that a slot names. */
    private record Named(StoredFile stored, long firstSequence, long lastSequence) {}

    ArchiveReport run() throws IOException {
        long started = System.nanoTime();
        CareState state = care();
        Proof whole = prover.prove(Long.MAX_VALUE);
        if (care.retries().call(() -> care.store().head(ArchiveKeys.LOG)).isEmpty()) {
            add(ArchiveKeys.LOG, "it is missing; restore it from \"logJson\" in an EPOCH slot");
        }
        if (options.checksOriginals()) {
            prover.originals().check(found -> add(found.key(), found.reason()));
        } else {
            prover.originals().checkUnused(found -> add(found.key(), found.reason()));
        }
        Proof proof = whole.from(state.floor().cut());
        List<Named> named = named(proof);
        long read = 0;
        if (options.level().compareTo(Level.PRESENCE) >= 0) {
            sizes(named, prover.objects());
        }
        if (options.level() == Level.CONTENT) {
            read = content(proof, state);
        }
        CareState after =
                problems.isEmpty() ? state : chain.lastReadable(finding -> {}).state();
        problems.removeIf(problem -> after.floor().cut().isAbove(problem.key()));
        ArchiveReport report = new ArchiveReport(
                new ArchiveStatus(care.store().describe(), whole, after.floor()),
                options.level() == Level.CHAIN ? 0 : named.size(),
                read,
                problems,
                orphans(whole),
                options.level() == Level.CONTENT,
                Duration.ofNanos(System.nanoTime() - started),
                skipped,
                after.gaps().values());
        if (options.isRecorded()) {
            new Marks(care.writer())
                    .record(
                            new Marks.Result(
                                    options.level().name().toLowerCase(Locale.ROOT),
                                    report.isSound(),
                                    begun,
                                    care.clock().instant()),
                            proof,
                            basis);
        }
        return report;
    }

    private void add(String key, String reason) {
        problems.add(new Problem(key, -1, -1, reason));
    }

    /** A damaged care record does not end a verification: the records before it still state a floor. */
    private CareState care() throws IOException {
        try {
            chain.verify();
        } catch (BadObjectException e) {
            add(ArchiveKeys.CARE, String.valueOf(e.getMessage()));
        }
        return chain.lastReadable(finding -> {}).state();
    }

    private static List<Named> named(Proof proof) {
        List<Named> named = new ArrayList<>();
        for (Segment s : proof.segments()) {
            named.add(new Named(s.stored(), s.firstSequence(), s.lastSequence()));
        }
        for (Attachment a : proof.attachments()) {
            named.add(new Named(a.stored(), -1, -1));
        }
        return named;
    }

    private List<String> orphans(Proof whole) {
        Map<String, Long> listed = prover.objects();
        named(whole).forEach(object -> listed.remove(object.stored().key()));
        return listed.keySet().stream()
                .filter(key -> !ArchiveKeys.isOfBackup(key))
                .sorted()
                .toList();
    }

    // ---- presence

    private void sizes(List<Named> named, Map<String, Long> listed) throws IOException {
        for (Named object : named) {
            StoredFile expected = object.stored();
            @Nullable Long bytes = listed.get(expected.key());
            if (bytes == null) {
                // A list may be stale.
                bytes = care.retries()
                        .call(() -> care.store().head(expected.key()))
                        .map(StoredObject::bytes)
                        .orElse(null);
            }
            if (bytes == null || bytes != expected.objectBytes()) {
                String found = bytes == null ? "it is missing" : bytes + " bytes";
                problems.add(new Problem(
                        expected.key(),
                        object.firstSequence(),
                        object.lastSequence(),
                        found + "; expected " + expected.objectBytes() + " bytes"));
            }
        }
    }

    // ---- content

    private long content(Proof proof, CareState state) throws IOException {
        Proof chosen = sample(options.isIncremental() ? unverified(proof, state) : proof);
        skipped = (long) proof.segments().size() - chosen.segments().size();
        options.onCost()
                .accept(new Cost(
                        (long) chosen.segments().size()
                                + chosen.attachments().size()
                                + chosen.tails().size(),
                        chosen.segments().stream()
                                        .mapToLong(Segment::objectBytes)
                                        .sum()
                                + chosen.attachments().stream()
                                        .mapToLong(Attachment::objectBytes)
                                        .sum(),
                        skipped));
        Path directory = scratch == null
                ? Files.createTempDirectory("veloz-wal-verify-")
                : Files.createTempDirectory(scratch, "veloz-wal-verify-");
        try {
            RecordCheck check = new RecordCheck(
                    care.store(),
                    care.retries(),
                    options.bytesPerSecond(),
                    proof.identity(),
                    DiskStorage.open(directory),
                    progress);
            check.check(chosen);
            // A missing object is known from its size already.
            check.problems().stream()
                    .filter(found ->
                            problems.stream().noneMatch(known -> known.key().equals(found.key())))
                    .forEach(problems::add);
            return check.read();
        } finally {
            delete(directory);
        }
    }

    /**
     * Returns the part that no recorded verification has read. The last segment that it has read is part of it, as the segment
     * after it states its end.
     */
    private Proof unverified(Proof proof, CareState state) {
        @Nullable Mark mark = state.verified().get(Janitor.CONTENT);
        long first = proof.identity().firstSegment();
        if (mark == null
                || mark.firstSegment() > first
                || mark.since().plus(options.reverify()).isBefore(begun)) {
            return proof;
        }
        basis = mark;
        return with(
                proof,
                proof.segments().stream()
                        .filter(segment -> segment.number() >= mark.last().segment())
                        .toList(),
                proof.attachments().stream()
                        .filter(attachment -> attachment.sequence() > mark.checkpoint())
                        .toList());
    }

    private Proof sample(Proof proof) {
        if (options.samplePercent() == 100) {
            return proof;
        }
        Random random = new Random(options.sampleSeed());
        return with(
                proof,
                proof.segments().stream()
                        .filter(segment -> random.nextInt(100) < options.samplePercent())
                        .toList(),
                proof.attachments().stream()
                        .filter(attachment -> random.nextInt(100) < options.samplePercent())
                        .toList());
    }

    private static Proof with(Proof proof, List<Segment> segments, List<Attachment> attachments) {
        return new Proof(
                proof.identity(),
                proof.tip(),
                proof.archived(),
                segments,
                proof.tails(),
                attachments,
                proof.gaps(),
                proof.slots(),
                proof.strayCount(),
                proof.strays(),
                proof.unusedFrom());
    }

    static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
