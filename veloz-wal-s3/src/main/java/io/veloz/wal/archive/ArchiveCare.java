package io.veloz.wal.archive;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.care.CareChain.Tip;
import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.store.ObjectStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The state of the care of an archive: what is retired, planned, held and verified. Immutable. */
public final class ArchiveCare {
    private final long record;
    private final Instant written;
    private final CareState state;

    /**
     * A hold.
     *
     * @param number names it
     * @param firstSequence the first record that it keeps
     */
    public record Hold(long number, long firstSequence, String reason, String host, Instant made) {}

    /**
     * How far a level of the verification has come.
     *
     * @param level the name of the level
     * @param firstSegment the first segment that was verified
     * @param lastSegment the last segment that was verified
     * @param lastSequence its last record
     * @param since when the verification of the oldest part began
     * @param checked when the last part was verified
     */
    public record Mark(
            String level, long firstSegment, long lastSegment, long lastSequence, Instant since, Instant checked) {}

    /**
     * A plan whose objects are not deleted yet.
     *
     * @param number of the care record
     * @param firstSequence the first record that will stay
     */
    public record Plan(long number, long firstSequence, long objects, long bytes, Instant due) {}

    ArchiveCare(Tip tip) {
        CareRecord last = tip.record();
        this.record = tip.number();
        this.written = last == null ? Instant.EPOCH : last.written();
        this.state = tip.state();
    }

    /**
     * Reads the last care record, with a few requests.
     *
     * @throws WalRestoreException if it is damaged, or the store cannot be read; see the reason
     */
    public static ArchiveCare of(ObjectStore store) {
        CareAccess care = new CareAccess(store);
        return care.run(() -> new ArchiveCare(new CareChain(store, care.retries(), care.identity()).tip()));
    }

    /** Returns the number of the last care record; 0 if there is none. */
    public long record() {
        return record;
    }

    /** Returns when the last care record was written; the epoch if there is none. */
    public Instant written() {
        return written;
    }

    /** Returns the number of the care record that has retired records last; 0 if none are retired. */
    public long retiredBy() {
        return state.floor().record();
    }

    /** Returns the first record that is not retired; 0 if none are retired. */
    public long firstSequence() {
        return state.floor().cut().sequence();
    }

    /** Returns the number of retired segments. */
    public long retiredSegments() {
        return state.floor().segments();
    }

    /** Returns the size that the objects of the retired segments had. */
    public long retiredBytes() {
        return state.floor().objectBytes();
    }

    /** Returns whether objects of retired records may still exist, as their deletion was interrupted. */
    public boolean isDeleting() {
        return state.delete() > 0;
    }

    /** Returns the open plan. */
    public Optional<Plan> plan() {
        return Optional.ofNullable(state.plan())
                .map(plan -> new Plan(plan.record(), plan.cut().sequence(), plan.keys(), plan.bytes(), plan.due()));
    }

    /**
     * Returns whether all records from one on stay: they are not retired, and no open plan would retire one. Whoever creates a
     * {@link RetentionNeeds need} reads the state after that, and relies on the need only if this is true.
     */
    public boolean keepsFrom(long firstSequence) {
        return state.keepsFrom(firstSequence);
    }

    /** Returns the holds, oldest first. */
    public List<Hold> holds() {
        List<Hold> holds = new ArrayList<>();
        state.holds()
                .forEach((number, hold) ->
                        holds.add(new Hold(number, hold.sequence(), hold.reason(), hold.host(), hold.made())));
        return List.copyOf(holds);
    }

    /** Returns the marks of the verification, one for each level. */
    public List<Mark> verified() {
        List<Mark> marks = new ArrayList<>();
        state.verified()
                .forEach((level, mark) -> marks.add(new Mark(
                        level,
                        mark.firstSegment(),
                        mark.last().segment(),
                        mark.last().sequence(),
                        mark.since(),
                        mark.checked())));
        return List.copyOf(marks);
    }

    @Override
    public String toString() {
        return "ArchiveCare[record=" + record + ", written=" + written + ", retiredBy=" + retiredBy()
                + ", firstSequence="
                + firstSequence() + ", plan=" + plan() + ", deleting=" + isDeleting() + ", holds=" + holds()
                + ", verified=" + verified() + "]";
    }
}
