package io.veloz.wal.archive;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalException;
import io.veloz.wal.WalReader;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.ArchiveReport.Replay;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.spi.StateMismatchException;
import io.veloz.wal.spi.StateReplay;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongFunction;

/**
 * Replays the records of an archive in their order, and compares the state with each checkpoint. Confined to one thread.
 *
 * <p>The state is known from the first record of the log on, or from the first checkpoint on that covers all records before. It is
 * not known after missing records, up to the next checkpoint. Until then records are decoded, but not applied.
 */
final class RecordReplay {
    private static final int MAX_PROBLEMS = 100;
    private static final int MAX_TYPES = 16;

    /** Fetches a checkpoint whose content is read next. */
    interface Checkpoints {
        /** Returns the checkpoint; empty if it is damaged, which is known then. */
        Optional<WalCheckpoint> fetch(Attachment attachment) throws IOException;
    }

    private final StateReplay state;
    private final ArrayDeque<Attachment> waiting;
    private final Set<String> taken = new HashSet<>();
    private final List<Problem> problems = new ArrayList<>();
    private final Map<Integer, Long> otherTypes = new TreeMap<>();
    private final long first;

    /** The record that is replayed next, if it exists. */
    private long next;

    /** Whether the state is the one after the record before {@link #next}. */
    private boolean isKnown;

    private long unknownFrom;
    private long records;
    private long compared;
    private long begun;
    private long checkpoint;
    private long moreProblems;
    private String lastKey = "";

    /**
     * Creates a replay.
     *
     * @param firstSequence the first record that will be replayed
     * @param attachments of the archive
     */
    RecordReplay(StateReplay state, long firstSequence, Collection<Attachment> attachments) {
        this.state = state;
        this.first = firstSequence;
        this.next = firstSequence;
        this.unknownFrom = firstSequence;
        this.waiting = new ArrayDeque<>(attachments.stream()
                .filter(attachment -> attachment.name().equals("checkpoint"))
                .sorted(Comparator.comparingLong(Attachment::sequence))
                .toList());
        if (firstSequence == 1) {
            state.begin();
            isKnown = true;
        }
    }

    /** Returns whether a checkpoint was fetched for the replay. */
    boolean hasRead(Attachment attachment) {
        return taken.contains(attachment.key());
    }

    /**
     * Replays the records of segments, except for those that were replayed before.
     *
     * @param log contains these segments, which are intact
     */
    void segments(ReadOptions log, Collection<Segment> segments, Checkpoints checkpoints) throws IOException {
        for (Segment segment : segments) {
            replay(log, segment.firstSequence(), segment.lastSequence(), any -> segment.key(), checkpoints);
        }
    }

    /**
     * Replays the records of the tails of one segment, except for those that were replayed before.
     *
     * @param log contains that segment, which is intact
     */
    void tails(ReadOptions log, List<TailSlot> tails, Checkpoints checkpoints) throws IOException {
        LongFunction<String> keyOf = sequence -> tails.stream()
                .filter(slot -> slot.tail().lastSequence() >= sequence)
                .map(slot -> ArchiveKeys.slot(slot.slot()))
                .findFirst()
                .orElse(ArchiveKeys.SLOTS);
        long last = tails.get(tails.size() - 1).tail().lastSequence();
        replay(log, tails.get(0).tail().firstSequence(), last, keyOf, checkpoints);
    }

    private void replay(ReadOptions log, long from, long to, LongFunction<String> keyOf, Checkpoints checkpoints)
            throws IOException {
        if (next > to || from > to) {
            return;
        }
        long begin = Math.max(from, next);
        try (WalReader reader = WalReader.open(log.fromSequence(begin).untilSequence(to))) {
            while (reader.next()) {
                compareBefore(reader.sequence(), checkpoints);
                replay(reader, keyOf);
            }
        } catch (WalException | IllegalArgumentException e) {
            add(keyOf.apply(begin), begin, to, String.valueOf(e.getMessage()));
        }
        compareBefore(to + 1, checkpoints);
    }

    private void replay(WalReader record, LongFunction<String> keyOf) {
        long sequence = record.sequence();
        if (sequence > next) {
            lose();
        }
        next = sequence + 1;
        lastKey = keyOf.apply(sequence);
        try {
            boolean belongs = isKnown
                    ? state.apply(sequence, record.timestampNanos(), record.type(), record.payload())
                    : state.check(record.type(), record.payload());
            if (belongs) {
                records++;
            } else {
                int type = otherTypes.size() < MAX_TYPES || otherTypes.containsKey(record.type()) ? record.type() : -1;
                otherTypes.merge(type, 1L, Long::sum);
            }
        } catch (StateMismatchException e) {
            records++;
            add(lastKey, sequence, sequence, String.valueOf(e.getMessage()));
        }
    }

    /** Records are missing before the next one. */
    private void lose() {
        if (isKnown) {
            isKnown = false;
            unknownFrom = next;
        }
    }

    // ---- checkpoints

    /** Reads the checkpoints that cover records before one, and not that one. */
    private void compareBefore(long sequence, Checkpoints checkpoints) throws IOException {
        while (!waiting.isEmpty() && waiting.getFirst().sequence() < sequence) {
            Attachment attachment = waiting.removeFirst();
            if (attachment.sequence() < next - 1) {
                // It covers only records before the first one, or before a gap.
                continue;
            }
            taken.add(attachment.key());
            Optional<WalCheckpoint> found = checkpoints.fetch(attachment);
            if (attachment.sequence() > next - 1) {
                lose();
            }
            if (found.isPresent()) {
                read(attachment, found.get());
            }
        }
    }

    private void read(Attachment attachment, WalCheckpoint found) throws IOException {
        long sequence = attachment.sequence();
        try (InputStream content = found.open()) {
            if (isKnown) {
                compared++;
                state.compare(sequence, content);
            } else {
                state.begin(sequence, content);
                begun++;
                isKnown = true;
                next = sequence + 1;
            }
            checkpoint = sequence;
        } catch (StateMismatchException e) {
            add(attachment.key(), -1, -1, "the checkpoint of record " + sequence + ": " + e.getMessage());
        }
    }

    // ---- result

    private void add(String key, long from, long to, String reason) {
        if (problems.size() < MAX_PROBLEMS) {
            problems.add(new Problem(key, from, to, reason));
        } else {
            moreProblems++;
        }
    }

    /** Returns whether the replay has verified the state up to the last record. */
    boolean isComplete() {
        return isKnown && !isForeign();
    }

    /** Returns the last checkpoint that was read, and 0 if none was. */
    long checkpoint() {
        return checkpoint;
    }

    /** Returns whether no record and no checkpoint belongs to this kind of state. */
    boolean isForeign() {
        return !otherTypes.isEmpty() && records == 0 && begun == 0 && (compared == 0 || !problems.isEmpty());
    }

    /**
     * Returns the problems. None of them means anything if the records belong to another application.
     *
     * @param isContentSound whether all objects were read. If not, the records after a damaged one are not replayed, which is no
     *     further problem
     */
    List<Problem> problems(boolean isContentSound) {
        if (isForeign()) {
            return List.of();
        }
        List<Problem> all = new ArrayList<>(problems);
        if (isContentSound && !isKnown && next > unknownFrom) {
            all.add(new Problem(
                    lastKey,
                    unknownFrom,
                    next - 1,
                    "the state after the last record is not known: records are missing, and no later checkpoint covers"
                            + " them"));
        }
        if (moreProblems > 0) {
            all.add(new Problem(lastKey, -1, -1, moreProblems + " more records and checkpoints with problems"));
        }
        return all;
    }

    Replay result() {
        return new Replay(first, next - 1, records, isForeign() ? 0 : compared, otherTypes, state.notes());
    }
}
