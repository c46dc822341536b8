package io.veloz.wal.backup;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveCare;
import io.veloz.wal.archive.ArchiveCareException;
import io.veloz.wal.archive.ArchiveCareException.Reason;
import io.veloz.wal.archive.RetentionNeeds;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RetentionPlan.Keep;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.retention.PlanStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The records of the log that recovery points need: the database of a point is brought up to date by the log, from the record
 * after the last one that it has applied. Configuration, secrets and Vault need none. Confined to one thread.
 *
 * <p>Points that a retention plan has dropped need nothing, nor do those that it keeps only as the newest of a month: as soon as
 * their records are retired, their database can be recovered only as it was dumped, by a profile that does not roll it forward. A
 * point that is newer than the newest plan always counts.
 *
 * <p>A point is good only if its need is kept when the care records are read after the point was put ({@link #problem}). So of a
 * point and a plan of the log's retention that are put at the same time, one sees the other.
 */
final class PointNeeds implements RetentionNeeds {
    private final ObjectStore store;
    private final PointChain chain;
    private final Map<Long, OptionalLong> known = new HashMap<>();

    PointNeeds(ObjectStore store) {
        this.store = store;
        this.chain = new PointChain(store);
    }

    /** Returns the first record that a point needs; empty if it has no database. */
    static OptionalLong of(RecoveryPoint point) {
        return point.attachment(Kind.DATABASE)
                .map(attachment -> OptionalLong.of(1
                        + attachment
                                .database()
                                .map(DatabaseFacts::applied)
                                .filter(OptionalLong::isPresent)
                                .map(OptionalLong::getAsLong)
                                .orElse(attachment.bracket().after())))
                .orElse(OptionalLong.empty());
    }

    /** Returns why a point that was put cannot be rolled forward; empty if it can, whatever retention does from now on. */
    static Optional<String> problem(ObjectStore store, RecoveryPoint point) {
        OptionalLong need = of(point);
        if (need.isEmpty()) {
            return Optional.empty();
        }
        String where = "recovery point " + point.number()
                + " cannot roll forward: its database needs the log from record " + need.getAsLong();
        try {
            ArchiveCare care = ArchiveCare.of(store);
            return care.keepsFrom(need.getAsLong())
                    ? Optional.empty()
                    : Optional.of(where + ", and the records before "
                            + care.plan().map(ArchiveCare.Plan::firstSequence).orElse(care.firstSequence())
                            + (care.plan().isPresent() ? " are planned to be retired" : " are retired")
                            + ": back up the database again");
        } catch (WalRestoreException e) {
            return Optional.of(where + ", and it is not known whether they stay: " + e.getMessage());
        }
    }

    /**
     * Finds the points that the archive of the log cannot roll forward any more, because it has retired some of the records.
     *
     * @return why, by the number of the point
     */
    static Map<Long, String> retired(ObjectStore store, List<RecoveryPoint> points) {
        Map<Long, String> retired = new HashMap<>();
        if (points.stream().allMatch(point -> of(point).isEmpty())) {
            return retired;
        }
        @Nullable ArchiveCare care = null;
        String unknown = "";
        try {
            care = ArchiveCare.of(store);
        } catch (WalRestoreException e) {
            unknown = "it is not known whether the log can bring its database up to date: " + e.getMessage();
        }
        for (RecoveryPoint point : points) {
            OptionalLong need = of(point);
            if (need.isPresent() && care == null) {
                retired.put(point.number(), unknown);
            } else if (need.isPresent() && care != null && need.getAsLong() < care.firstSequence()) {
                retired.put(
                        point.number(),
                        "cannot be rolled forward any more: its database needs the log from record " + need.getAsLong()
                                + " on, and the records before " + care.firstSequence() + " are retired");
            }
        }
        return retired;
    }

    @Override
    public List<Need> read() throws IOException {
        // Before the points: a plan names points up to its own time only.
        Optional<RetentionPlan> plan = new PlanStore(store).newest().plan();
        List<Need> needs = new ArrayList<>();
        long newest = chain.newest();
        for (long number = 1; number <= newest || exists(number); number++) {
            if (!isReleased(plan, number)) {
                String what = "recovery point " + number;
                need(number).ifPresent(sequence -> needs.add(new Need(what, sequence)));
            }
        }
        return needs;
    }

    /** A list may be stale, so the points after the last listed one are requested by their numbers. */
    private boolean exists(long number) throws IOException {
        try {
            return known.containsKey(number) || chain.read(number).isPresent();
        } catch (BadPointException e) {
            return true;
        }
    }

    private static boolean isReleased(Optional<RetentionPlan> plan, long number) {
        return plan.isPresent()
                && (plan.get().dropped().containsKey(number)
                        || Set.of(Keep.MONTHLY).equals(plan.get().kept().get(number)));
    }

    private OptionalLong need(long number) throws IOException {
        OptionalLong need = known.get(number);
        if (need == null) {
            need = of(point(number));
            known.put(number, need);
        }
        return need;
    }

    private RecoveryPoint point(long number) throws IOException {
        String why;
        try {
            Optional<PointChain.Stored> stored = chain.read(number);
            if (stored.isPresent()) {
                return stored.get().point();
            }
            why = store.describe() + ": recovery point " + number + " is missing";
        } catch (BadPointException e) {
            why = String.valueOf(e.getMessage());
        }
        throw new ArchiveCareException(
                Reason.POINT_NEEDS, why + ", so it is not known which records of the log it needs; repair it");
    }
}
