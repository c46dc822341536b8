package io.veloz.wal.backup.internal.retention;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.RetentionPlan;
import io.veloz.wal.backup.RetentionPlan.Cause;
import io.veloz.wal.backup.RetentionPlan.Keep;
import io.veloz.wal.backup.RetentionRefusedException;
import io.veloz.wal.backup.RetentionRefusedException.Reason;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.profile.RetentionSettings;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * All that decides about retention, read in the order that makes it consistent: the newest plan, then the points, then the
 * chunks. Immutable. The chunks of a point are put before the point, so a point that was read has all its chunks in the later
 * listing, or lacks them really.
 */
public final class ArchiveView {
    private static final int CHAIN_ATTEMPTS = 5;
    private static final Duration CLOCK_TOLERANCE = Duration.ofMinutes(10);

    private final ObjectStore store;
    private final PlanStore.Newest newestPlan;
    private final List<PointChain.Stored> chain;
    private final ChunkListing chunks;
    private final NavigableMap<Long, Set<Keep>> kept;
    private final Map<String, Set<Long>> pointsByStem = new HashMap<>();
    private final List<String> findings = new ArrayList<>();

    private ArchiveView(ObjectStore store, RetentionSettings settings, Instant now) throws IOException {
        this.store = store;
        this.newestPlan = new PlanStore(store).newest();
        this.chain = readChain(store);
        this.chunks = ChunkListing.read(store);
        requireClock(now);
        Set<Long> whole = whole();
        requireSameHistory();
        OptionalLong drilled = Receipts.newestPassed(store, whole, findings);
        Set<Long> dropped =
                newestPlan.plan().map(plan -> plan.dropped().keySet()).orElse(Set.of());
        this.kept = KeepRules.apply(
                chain.stream().map(PointChain.Stored::point).toList(), whole, dropped, drilled, settings, now);
        for (PointChain.Stored stored : chain) {
            long number = stored.point().number();
            if (kept.containsKey(number) && !whole.contains(number)) {
                requireReallyMissing(stored.point());
                findings.add("point " + number + " is not whole: "
                        + chunks.problems(stored.point()).get(0));
            }
            for (Attachment attachment : stored.point().attachments()) {
                pointsByStem
                        .computeIfAbsent(ChunkListing.stem(attachment.chunkKey(0)), stem -> new HashSet<>())
                        .add(number);
            }
        }
    }

    /**
     * Reads everything that a retention depends on.
     *
     * @throws RetentionRefusedException if what was read does not allow any deletion
     * @throws IOException if the store failed; try again
     */
    public static ArchiveView read(ObjectStore store, RetentionSettings settings, Instant now) throws IOException {
        return new ArchiveView(store, settings, now);
    }

    // ---- checks

    /** A listing that ends too early would make the chunks of the newest points look unused. */
    private static List<PointChain.Stored> readChain(ObjectStore store) throws IOException {
        PointChain points = new PointChain(store);
        try {
            for (int attempt = 0; attempt < CHAIN_ATTEMPTS; attempt++) {
                List<PointChain.Stored> chain = points.readAll();
                if (points.read(chain.size() + 1L).isEmpty()) {
                    if (chain.isEmpty()) {
                        throw new RetentionRefusedException(
                                Reason.NO_POINT, store.describe() + " has no recovery points");
                    }
                    return chain;
                }
                // Another job may have put it meanwhile.
            }
        } catch (BadPointException e) {
            throw new RetentionRefusedException(Reason.CHAIN_DAMAGED, String.valueOf(e.getMessage()), e);
        }
        throw new RetentionRefusedException(
                Reason.CONTRADICTION,
                store.describe() + ": the listing of points/ ends before a recovery point that can be read");
    }

    private void requireClock(Instant now) {
        Instant newest = newestPlan
                .plan()
                .map(RetentionPlan::made)
                .filter(made -> made.isAfter(newestPoint().point().made()))
                .orElse(newestPoint().point().made());
        if (now.plus(CLOCK_TOLERANCE).isBefore(newest)) {
            throw new RetentionRefusedException(
                    Reason.CLOCK,
                    store.describe() + ": the newest recovery point or plan was made at " + newest
                            + "; this machine's clock is " + now);
        }
    }

    private Set<Long> whole() throws IOException {
        Set<Long> whole = new HashSet<>();
        for (PointChain.Stored stored : chain) {
            if (chunks.isWhole(stored.point())) {
                whole.add(stored.point().number());
            }
        }
        RecoveryPoint newest = newestPoint().point();
        if (!whole.contains(newest.number())) {
            requireReallyMissing(newest);
            throw new RetentionRefusedException(
                    Reason.NEWEST_NOT_WHOLE,
                    store.describe() + ": the newest recovery point, " + newest.number() + ", is not whole: "
                            + chunks.problems(newest).get(0) + ". Nothing is deleted until a newer one is whole");
        }
        return whole;
    }

    private void requireReallyMissing(RecoveryPoint point) throws IOException {
        for (String key : chunks.missing(point)) {
            Optional<StoredObject> found = store.head(key);
            if (found.isPresent()) {
                throw new RetentionRefusedException(
                        Reason.CONTRADICTION,
                        store.describe() + ": " + key + " exists with "
                                + found.get().bytes() + " bytes, but is not listed");
            }
        }
    }

    private void requireSameHistory() {
        if (newestPlan.plan().isEmpty()) {
            return;
        }
        RetentionPlan plan = newestPlan.plan().get();
        String where =
                store.describe() + ": retention plan " + plan.number() + " was made at point " + plan.newestPoint();
        if (plan.newestPoint() > chain.size()) {
            throw new RetentionRefusedException(Reason.CONTRADICTION, where + "; the newest is now " + chain.size());
        }
        String sha256 = chain.get((int) plan.newestPoint() - 1).sha256();
        if (!sha256.equals(plan.newestSha256())) {
            throw new RetentionRefusedException(
                    Reason.CONTRADICTION,
                    where + " with SHA-256 " + plan.newestSha256() + "; that point has now " + sha256);
        }
    }

    // ---- what was read

    public PlanStore.Newest newestPlan() {
        return newestPlan;
    }

    public PointChain.Stored newestPoint() {
        return chain.get(chain.size() - 1);
    }

    /** Returns the number of the newest point. Points have the numbers from 1 to this one. */
    public long points() {
        return chain.size();
    }

    public NavigableMap<Long, Set<Keep>> kept() {
        return kept;
    }

    public List<String> findings() {
        return findings;
    }

    /** Returns the chunks that are listed, with their sizes. */
    public NavigableMap<String, Long> chunks() {
        return chunks.bytesByKey();
    }

    /** Returns why a chunk may go after its grace; empty if a kept point names its attachment. */
    public Optional<Cause> cause(String key) {
        Set<Long> points = pointsByStem.get(ChunkListing.stem(key));
        if (points == null) {
            return Optional.of(Cause.ORPHAN);
        }
        return points.stream().anyMatch(kept::containsKey) ? Optional.empty() : Optional.of(Cause.DROPPED);
    }

    /** Returns whether all points that name a chunk are dropped by a plan. */
    public boolean isDroppedBy(RetentionPlan plan, String key) {
        return plan.dropped().keySet().containsAll(pointsByStem.getOrDefault(ChunkListing.stem(key), Set.of()));
    }
}
