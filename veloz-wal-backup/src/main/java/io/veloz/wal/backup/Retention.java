package io.veloz.wal.backup;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.backup.RetentionPlan.Cause;
import io.veloz.wal.backup.RetentionPlan.Item;
import io.veloz.wal.backup.RetentionRefusedException.Reason;
import io.veloz.wal.backup.internal.profile.RetentionSettings;
import io.veloz.wal.backup.internal.retention.ArchiveView;
import io.veloz.wal.backup.internal.retention.PlanStore;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Deletes chunks of attachments that no kept recovery point names, in two calls with a grace between them. Stateless; several
 * processes may run it at once, while backups and recoveries run. Points and plans are never deleted.
 *
 * <p><b>Kept</b> are the points within {@code keep.within}, the newest {@code keep.at-least} whole ones, the newest whole one
 * of each of {@code keep.monthly} months, the newest whole one, and the newest whole one with the receipt of a drill that
 * passed. An attachment that one of these names is not deleted. Deletion is by the keys in a stored plan; no directories and
 * no modification times are compared.
 *
 * <p><b>A dropped attachment stays dropped.</b> A new point names attachments of the point before it and attachments that its
 * own job stored. The newest point is always kept, so no later point names an attachment that only older points name.
 *
 * <p><b>An orphan</b> is a chunk that no point has ever named: its backup was interrupted, or still runs. Its time starts when
 * a plan finds it, which is after the start of its backup, and lasts {@link #ORPHAN_GRACE} at least. A backup puts no point
 * with an attachment that it started more than {@link #LONGEST_BACKUP} ago, which is less. So an orphan is deleted only when
 * no point can name it any more. Both times are durations, each measured on one machine, so the clocks may differ.
 *
 * <p><b>Each plan replaces the one before.</b> It lists everything that may go; a chunk that was in all plans since plan n for
 * the same cause has the end of the grace that plan n gave it. A chunk that was kept meanwhile starts again. A plan that is
 * damaged, or of a number that another process took, changes nothing but that the grace is given anew.
 *
 * <p>Nothing is planned or deleted if the chain of points is damaged, the newest point is not whole, the archive has no points,
 * the clock is behind, or the store's answers exclude each other.
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><th>interrupted</th><th>state</th><th>next call</th></tr>
 * <tr><td>plan, before the put</td><td>unchanged</td><td>makes the plan</td></tr>
 * <tr><td>plan, put but the answer is lost</td><td>the plan</td><td>finds an equivalent plan and returns it</td></tr>
 * <tr><td>apply, before the first deletion</td><td>unchanged</td><td>the same again</td></tr>
 * <tr><td>apply, within or between the requests to delete</td><td>some chunks are deleted, all of them in the plan; a dropped
 * point may have lost a part of its chunks</td><td>apply deletes the rest: keys that no longer exist are skipped. A point that
 * has lost a chunk is not kept again, whatever the settings are then</td></tr>
 * <tr><td>apply, all deleted but the answer is lost</td><td>done</td><td>deletes nothing</td></tr>
 * <tr><td>between apply and the next plan</td><td>the newest plan lists chunks that do not exist</td><td>apply deletes
 * nothing; the next plan does not have them</td></tr>
 * </table>
 */
public final class Retention {
    /** The least time between the plan that first finds an orphan and its deletion. */
    public static final Duration ORPHAN_GRACE = Duration.ofDays(7);

    /** A backup that has not put its point by then stores its attachments again. The rest of the grace is a margin. */
    static final Duration LONGEST_BACKUP = Duration.ofDays(5);

    private static final int PUT_ATTEMPTS = 5;
    private static final int DELETE_BATCH = 500;
    private static final int PLAN_MAX_ITEMS = 50_000;

    private Retention() {}

    // ---- plan

    /**
     * Computes what may be deleted and stores it as a plan. Deletes nothing. If nothing has changed since the newest plan,
     * that one is returned.
     *
     * @throws RetentionRefusedException if the archive does not allow a plan; its reason describes the correction
     * @throws IOException if the store failed; run it again
     */
    public static RetentionPlan plan(ObjectStore store, BackupProfile profile) throws IOException {
        return plan(store, profile.settings().retention(), Clock.systemUTC().instant());
    }

    static RetentionPlan plan(ObjectStore store, RetentionSettings settings, Instant now) throws IOException {
        PlanStore plans = new PlanStore(store);
        for (int attempt = 0; attempt < PUT_ATTEMPTS; attempt++) {
            ArchiveView archive = ArchiveView.read(store, settings, now);
            RetentionPlan plan = compute(archive, settings, now.truncatedTo(ChronoUnit.MILLIS));
            Optional<RetentionPlan> newest = intact(archive.newestPlan());
            if (newest.isPresent() && newest.get().isEquivalentTo(plan)) {
                return newest.get();
            }
            if (plans.put(plan)) {
                return plan;
            }
            // Another process took the number, or the answer to an earlier put was lost.
        }
        throw new StoreException(
                store.describe() + ": the number of a new retention plan was taken " + PUT_ATTEMPTS + " times", null);
    }

    private static Optional<RetentionPlan> intact(PlanStore.Newest newest) {
        return newest.problem().isPresent() ? Optional.empty() : newest.plan();
    }

    private static RetentionPlan compute(ArchiveView archive, RetentionSettings settings, Instant now) {
        long number = archive.newestPlan().number() + 1;
        List<String> findings = new ArrayList<>(archive.findings());
        archive.newestPlan().problem().ifPresent(problem -> findings.add(problem + ": its grace begins anew"));
        List<Item> items = items(archive, settings, number, now);
        if (items.size() > PLAN_MAX_ITEMS) {
            findings.add(items.size() + " chunks may go; this plan has the first " + PLAN_MAX_ITEMS);
            items = items.subList(0, PLAN_MAX_ITEMS);
        }
        return new RetentionPlan(
                number,
                archive.newestPoint().point().logId(),
                now,
                archive.points(),
                archive.newestPoint().sha256(),
                archive.kept(),
                dropped(archive, number),
                items,
                findings);
    }

    private static NavigableMap<Long, Long> dropped(ArchiveView archive, long number) {
        // Also from a plan before a damaged one: what was deleted does not come back.
        Map<Long, Long> before = archive.newestPlan()
                .plan()
                .map(RetentionPlan::dropped)
                .<Map<Long, Long>>map(map -> map)
                .orElse(Map.of());
        NavigableMap<Long, Long> dropped = new TreeMap<>();
        for (long point = 1; point <= archive.points(); point++) {
            if (!archive.kept().containsKey(point)) {
                dropped.put(point, before.getOrDefault(point, number));
            }
        }
        return dropped;
    }

    private static List<Item> items(ArchiveView archive, RetentionSettings settings, long number, Instant now) {
        Map<String, Item> before = new HashMap<>();
        intact(archive.newestPlan()).ifPresent(plan -> plan.items().forEach(item -> before.put(item.key(), item)));
        List<Item> items = new ArrayList<>();
        archive.chunks().forEach((key, bytes) -> {
            Optional<Cause> cause = archive.cause(key);
            if (cause.isPresent()) {
                Item earlier = before.get(key);
                boolean isSame = earlier != null && earlier.cause() == cause.get() && earlier.bytes() == bytes;
                items.add(
                        isSame
                                ? earlier
                                : new Item(key, bytes, cause.get(), number, now.plus(grace(cause.get(), settings))));
            }
        });
        return items;
    }

    private static Duration grace(Cause cause, RetentionSettings settings) {
        boolean isShort = cause == Cause.ORPHAN && settings.grace().compareTo(ORPHAN_GRACE) < 0;
        return isShort ? ORPHAN_GRACE : settings.grace();
    }

    // ---- apply

    /**
     * Deletes the chunks of the newest plan whose grace has ended, except those that a point which is kept now names. It may
     * be interrupted and repeated at any time.
     *
     * @throws RetentionRefusedException if the archive does not allow it; nothing was deleted
     * @throws IOException if the store failed; some of the chunks may be deleted. Run it again
     */
    public static RetentionReport apply(ObjectStore store, BackupProfile profile, Instant now) throws IOException {
        return apply(store, profile.settings().retention(), now);
    }

    static RetentionReport apply(ObjectStore store, RetentionSettings settings, Instant now) throws IOException {
        ArchiveView archive = ArchiveView.read(store, settings, now);
        if (archive.newestPlan().problem().isPresent()) {
            throw new RetentionRefusedException(
                    Reason.PLAN_DAMAGED, archive.newestPlan().problem().get());
        }
        if (archive.newestPlan().plan().isEmpty()) {
            return new RetentionReport(0, List.of(), 0, List.of(), 0, Optional.empty());
        }
        RetentionPlan plan = archive.newestPlan().plan().get();
        List<Item> due = new ArrayList<>();
        List<Item> waiting = new ArrayList<>();
        List<String> spared = new ArrayList<>();
        for (Item item : plan.items()) {
            if (!isStored(store, archive, plan, item)) {
                continue;
            }
            if (now.isBefore(item.notBefore())) {
                waiting.add(item);
            } else if (mayGo(archive, plan, item)) {
                due.add(item);
            } else {
                spared.add(item.key());
            }
        }
        List<String> keys = due.stream().map(Item::key).toList();
        for (int from = 0; from < keys.size(); from += DELETE_BATCH) {
            store.delete(keys.subList(from, Math.min(keys.size(), from + DELETE_BATCH)));
        }
        return new RetentionReport(
                plan.number(),
                keys,
                due.stream().mapToLong(Item::bytes).sum(),
                spared,
                waiting.size(),
                waiting.stream().map(Item::notBefore).min(Instant::compareTo));
    }

    private static boolean isStored(ObjectStore store, ArchiveView archive, RetentionPlan plan, Item item) {
        Long bytes = archive.chunks().get(item.key());
        if (bytes != null && bytes != item.bytes()) {
            throw new RetentionRefusedException(
                    Reason.CONTRADICTION,
                    store.describe() + ": " + item.key() + " has " + bytes + " bytes; retention plan " + plan.number()
                            + " names " + item.bytes());
        }
        return bytes != null;
    }

    private static boolean mayGo(ArchiveView archive, RetentionPlan plan, Item item) {
        Optional<Cause> cause = archive.cause(item.key());
        return cause.isPresent() && cause.get() == item.cause() && archive.isDroppedBy(plan, item.key());
    }
}
