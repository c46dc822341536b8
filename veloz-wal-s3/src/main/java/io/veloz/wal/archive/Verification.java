package io.veloz.wal.archive;

import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.ArchiveVerifyOptions.Cost;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.internal.care.AcknowledgedGaps;
import io.veloz.wal.archive.internal.care.AcknowledgedGaps.Range;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.care.CareChain.Tip;
import io.veloz.wal.archive.internal.care.Marks;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Gap;
import io.veloz.wal.archive.internal.format.CareState.Mark;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.proof.BrokenProofException;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.spi.StateReplay;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
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
    private final Map<Level, List<Problem>> problems = new EnumMap<>(Level.class);
    private final Instant begun;
    private long skipped;

    /** The last care record when the verification began. */
    private Tip first = Tip.NONE;

    /** Whether the care records are the evidence of lost slots. A further record would hide it. */
    private boolean isEvidence;

    /** The marks whose segments are not read again. */
    private Map<String, Mark> basis = Map.of();

    private @Nullable RecordReplay replay;

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
        for (Level level : Level.values()) {
            problems.put(level, new ArrayList<>());
        }
    }

    /** An object that a slot names. */
    private record Named(StoredFile stored, long firstSequence, long lastSequence) {}

    ArchiveReport run() throws IOException {
        long started = System.nanoTime();
        CareState state = care();
        Proof whole = prove(prover);
        if (care.retries().call(() -> care.store().head(ArchiveKeys.LOG)).isEmpty()) {
            add(ArchiveKeys.LOG, "it is missing; put it again from the slots (repair URI --identity)");
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
        if (options.level().compareTo(Level.CONTENT) >= 0) {
            read = content(proof, state);
        } else if (options.level() == Level.PRESENCE) {
            read = partlyMissing(proof, state);
        }
        CareState after =
                all().isEmpty() ? state : chain.lastReadable(finding -> {}).state();
        problems.values()
                .forEach(found -> found.removeIf(problem -> after.floor().cut().isAbove(problem.key())));
        Set<Gap> intact = intact(proof, state);
        List<Problem> acknowledged = removeAcknowledged(proof, after);
        ArchiveReport report = new ArchiveReport(
                new ArchiveStatus(
                        care.store().describe(),
                        whole,
                        after.floor(),
                        ClosedEpoch.endedAt(care.store(), care.retries(), whole.identity(), whole.tip())),
                options.level() == Level.CHAIN ? 0 : objects(proof.segments(), proof.attachments()),
                read,
                all(),
                orphans(whole),
                options.level().compareTo(Level.CONTENT) >= 0,
                Duration.ofNanos(System.nanoTime() - started),
                skipped,
                after.gaps().values(),
                acknowledged,
                replay == null ? null : replay.result());
        record(report.isSound() ? reached() : damaged(report), report.isSound(), proof, intact);
        return report;
    }

    private void add(String key, String reason) {
        found(Level.CHAIN).add(new Problem(key, -1, -1, reason));
    }

    private List<Problem> found(Level level) {
        return Objects.requireNonNull(problems.get(level));
    }

    private List<Problem> all() {
        return problems.values().stream().flatMap(List::stream).toList();
    }

    // ---- acknowledged losses

    /** Returns the problems of objects, by level. */
    private List<List<Problem>> ofObjects() {
        return List.of(found(Level.PRESENCE), found(Level.CONTENT));
    }

    /** Returns which segments have a problem so far. */
    private Predicate<Segment> isBad() {
        Set<String> bad = new HashSet<>();
        ofObjects().forEach(found -> found.forEach(problem -> bad.add(ArchiveKeys.whole(problem.key()))));
        return segment -> bad.contains(segment.key());
    }

    /** Removes the problems of the segments whose loss is acknowledged, and returns them. */
    private List<Problem> removeAcknowledged(Proof proof, CareState state) {
        Set<String> known = new AcknowledgedGaps(state).keys(proof.segments(), isBad());
        List<Problem> removed = new ArrayList<>();
        ofObjects()
                .forEach(found -> found.removeIf(
                        problem -> known.contains(ArchiveKeys.whole(problem.key())) && removed.add(problem)));
        return removed;
    }

    /** Returns the acknowledged ranges all of whose segments were read and are intact. */
    private Set<Gap> intact(Proof proof, CareState state) {
        if (options.level().compareTo(Level.CONTENT) < 0) {
            return Set.of();
        }
        Predicate<Segment> isBad = isBad();
        return new AcknowledgedGaps(state)
                .ranges(proof.segments()).stream()
                        .filter(range -> range.segments().stream().noneMatch(isBad))
                        .map(Range::gap)
                        .collect(Collectors.toSet());
    }

    /** Reads the other segments of acknowledged ranges of which some are missing. Returns the number of bytes. */
    private long partlyMissing(Proof proof, CareState state) throws IOException {
        Predicate<Segment> isMissing = isBad();
        List<Segment> others = new AcknowledgedGaps(state)
                .segments(proof.segments(), range -> range.segments().stream().anyMatch(isMissing), isMissing.negate());
        return others.isEmpty() ? 0 : inScratch(scratch -> again(proof, others, scratch));
    }

    /** Reads segments that no verification would have to read otherwise. Returns the number of bytes. */
    private long again(Proof proof, List<Segment> segments, Storage scratch) throws IOException {
        RecordCheck check = newCheck(proof, scratch, null);
        check.check(with(proof, segments, List.of(), List.of()));
        addContent(check);
        return check.read();
    }

    // ---- slots and care records

    /** Proves the archive. If its slots are damaged, no level is sound. */
    private Proof prove(Prover from) throws IOException {
        try {
            return from.prove(Long.MAX_VALUE);
        } catch (BrokenProofException e) {
            try {
                record(Level.CHAIN, false, null, Set.of());
            } catch (IOException | RuntimeException failure) {
                e.addSuppressed(failure);
            }
            throw e;
        }
    }

    private void record(Level level, boolean isSound, @Nullable Proof proof, Set<Gap> intact) throws IOException {
        if (options.isRecorded() && !isEvidence) {
            String name = level.name().toLowerCase(Locale.ROOT);
            Instant now = care.clock().instant();
            new Marks(care.writer())
                    .record(
                            new Marks.Result(name, isSound, first.number(), begun, now),
                            proof,
                            basis,
                            replay == null ? 0 : replay.checkpoint(),
                            intact);
        }
    }

    /** Returns the level that was verified. A replay of records of another application has verified only the content. */
    private Level reached() {
        return replay == null || replay.isComplete() ? options.level() : Level.CONTENT;
    }

    /** Returns the lowest level that has found a problem. Missing records are stated by the slots. */
    private Level damaged(ArchiveReport report) {
        return report.unacknowledgedGaps().isEmpty()
                ? problems.entrySet().stream()
                        .filter(level -> !level.getValue().isEmpty())
                        .map(Map.Entry::getKey)
                        .findFirst()
                        .orElse(Level.CHAIN)
                : Level.CHAIN;
    }

    /** A damaged care record does not end a verification: the records before it still state a floor. */
    private CareState care() throws IOException {
        try {
            chain.verify();
        } catch (BadObjectException e) {
            add(ArchiveKeys.CARE, String.valueOf(e.getMessage()));
        }
        first = chain.lastReadable(finding -> {});
        Optional<String> lost = care.writer().lostSlots(first);
        @Nullable CareRecord last = first.record();
        if (lost.isPresent() && last != null) {
            isEvidence = true;
            add(ArchiveKeys.slot(last.kept().number()), lost.get());
        }
        return first.state();
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
        named(whole).forEach(object -> object.stored().frames().forEach(frame -> listed.remove(frame.key())));
        return listed.keySet().stream()
                .filter(key -> !ArchiveKeys.isOfBackup(key))
                .sorted()
                .toList();
    }

    // ---- presence

    private void sizes(List<Named> named, Map<String, Long> listed) throws IOException {
        for (Named object : named) {
            for (StoredFrame expected : object.stored().frames()) {
                size(object, expected, listed);
            }
        }
    }

    private void size(Named object, StoredFrame expected, Map<String, Long> listed) throws IOException {
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
            found(Level.PRESENCE)
                    .add(new Problem(
                            expected.key(),
                            object.firstSequence(),
                            object.lastSequence(),
                            found + "; expected " + expected.objectBytes() + " bytes"));
        }
    }

    /** Returns the number of objects of segments and attachments. */
    private static int objects(List<Segment> segments, List<Attachment> attachments) {
        return Stream.concat(segments.stream(), attachments.stream())
                .mapToInt(part -> part.stored().frames().size())
                .sum();
    }

    // ---- content

    private long content(Proof proof, CareState state) throws IOException {
        Unverified unverified = Unverified.of(proof, prover.restated(), state, options, begun);
        basis = unverified.basis();
        Proof chosen = sample(unverified.part());
        @Nullable Supplier<? extends StateReplay> newReplay = options.replay();
        if (newReplay != null) {
            replay = new RecordReplay(newReplay.get(), firstSequence(chosen), chosen.attachments());
        }
        // An acknowledgement counts only while all objects of its range are lost.
        Set<Segment> known = Set.copyOf(chosen.segments());
        List<Segment> again = new AcknowledgedGaps(state)
                .segments(proof.segments(), range -> true, isBad().negate().and(segment -> !known.contains(segment)));
        skipped = (long) proof.segments().size() - chosen.segments().size() - again.size();
        options.onCost()
                .accept(new Cost(
                        (long) objects(chosen.segments(), chosen.attachments())
                                + objects(again, List.of())
                                + chosen.tails().size(),
                        Stream.concat(chosen.segments().stream(), again.stream())
                                        .mapToLong(Segment::objectBytes)
                                        .sum()
                                + chosen.attachments().stream()
                                        .mapToLong(Attachment::objectBytes)
                                        .sum(),
                        skipped));
        return inScratch(directory -> {
            RecordCheck check = newCheck(proof, directory, replay);
            check.check(chosen);
            replaced(check, chosen, state);
            addContent(check);
            if (replay != null) {
                found(Level.REPLAY).addAll(replay.problems(all().isEmpty()));
            }
            return check.read() + (again.isEmpty() ? 0 : again(proof, again, directory));
        });
    }

    private RecordCheck newCheck(Proof proof, Storage directory, @Nullable RecordReplay replayed) {
        return new RecordCheck(
                care.store(),
                care.retries(),
                options.bytesPerSecond(),
                proof.identity(),
                directory,
                progress,
                replayed);
    }

    private void addContent(RecordCheck check) {
        // A missing object, or part, is known from its size already.
        check.problems().stream()
                .filter(found -> all().stream().noneMatch(known -> known.key().equals(found.key())))
                .forEach(found(Level.CONTENT)::add);
    }

    /** Reads objects into a directory. Returns the number of bytes. */
    private interface Reading {
        long into(Storage directory) throws IOException;
    }

    private long inScratch(Reading reading) throws IOException {
        Path directory = scratch == null
                ? Files.createTempDirectory("veloz-wal-verify-")
                : Files.createTempDirectory(scratch, "veloz-wal-verify-");
        try {
            return reading.into(DiskStorage.open(directory));
        } finally {
            delete(directory);
        }
    }

    private static long firstSequence(Proof proof) {
        return LongStream.concat(
                        proof.segments().stream().mapToLong(Segment::firstSequence),
                        proof.tails().stream().mapToLong(slot -> slot.tail().firstSequence()))
                .min()
                .orElse(proof.identity().firstSequence());
    }

    /**
     * Checks the segments whose tails disappeared: a writer has committed them meanwhile, in their order. The segment before
     * them is checked again, as they state its end.
     */
    private void replaced(RecordCheck check, Proof proof, CareState state) throws IOException {
        long before = -1;
        while (!check.disappeared().isEmpty()) {
            long from = check.disappeared().firstKey();
            long to = proof.tails().get(proof.tails().size() - 1).tail().segment();
            ShipLog log = new ShipLog(care.store());
            Prover again = new Prover(log, care.identity(), care.retries(), ArchiveVerifier.PARALLELISM, slots -> {});
            Proof now = part(prove(again).from(state.floor().cut()), from - 1, to);
            if (from == before || !contains(now, from)) {
                check.disappeared()
                        .values()
                        .forEach(tail -> add(
                                ArchiveKeys.slot(tail.slot()),
                                "it is missing, and no slot commits segment "
                                        + tail.tail().segment()));
                return;
            }
            before = from;
            check.check(now);
        }
    }

    private static boolean contains(Proof proof, long number) {
        return proof.segments().stream().anyMatch(segment -> segment.number() == number)
                || proof.tails().stream().anyMatch(slot -> slot.tail().segment() == number);
    }

    private static Proof part(Proof proof, long from, long to) {
        return with(
                proof,
                proof.segments().stream()
                        .filter(segment -> segment.number() >= from && segment.number() <= to)
                        .toList(),
                proof.tails().stream()
                        .filter(slot ->
                                slot.tail().segment() >= from && slot.tail().segment() <= to)
                        .toList(),
                List.of());
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

    static Proof with(Proof proof, List<Segment> segments, List<Attachment> attachments) {
        return with(proof, segments, proof.tails(), attachments);
    }

    private static Proof with(Proof proof, List<Segment> segments, List<TailSlot> tails, List<Attachment> attachments) {
        return new Proof(
                proof.identity(),
                proof.tip(),
                proof.archived(),
                segments,
                tails,
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
