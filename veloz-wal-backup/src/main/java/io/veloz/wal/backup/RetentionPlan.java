package io.veloz.wal.backup;

import java.time.Instant;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The chunks that no kept recovery point names, each with the time from which it may be deleted. Immutable. Each plan is
 * complete: the newest one replaces all earlier ones, and has the times of the chunks that were in them without interruption.
 *
 * @param number from 1
 * @param logId of the log that the points belong to
 * @param made when it was made
 * @param newestPoint the number of the newest point when the plan was made, which was whole
 * @param newestSha256 the SHA-256 of that point. Points are a hash chain, so it covers all points up to that one
 * @param kept the points that were kept when the plan was made, and why
 * @param dropped the points that were not, with the number of the first plan that dropped them. Their objects under
 *     {@code points/} remain
 * @param items what may be deleted
 * @param findings what a person should look into, though the plan is valid
 */
public record RetentionPlan(
        long number,
        String logId,
        Instant made,
        long newestPoint,
        String newestSha256,
        NavigableMap<Long, Set<Keep>> kept,
        NavigableMap<Long, Long> dropped,
        List<Item> items,
        List<String> findings) {

    /** A reason to keep a point. */
    public enum Keep {
        /** It is younger than {@code keep.within}. */
        WITHIN,
        /** It is one of the newest {@code keep.at-least} whole points. */
        AT_LEAST,
        /** It is the newest whole point of one of the newest {@code keep.monthly} months (UTC) that have one. */
        MONTHLY,
        /** No newer point is whole. */
        NEWEST_WHOLE,
        /** No newer whole point has the receipt of a drill that passed. */
        NEWEST_DRILLED
    }

    /** Why a chunk may be deleted. */
    public enum Cause {
        /** All points that name it are dropped. */
        DROPPED,
        /** No point has ever named it: its backup did not end. */
        ORPHAN
    }

    /**
     * A chunk that may be deleted.
     *
     * @param since the number of the first plan that had it, without interruption
     * @param notBefore when its grace ends
     */
    public record Item(String key, long bytes, Cause cause, long since, Instant notBefore) {}

    public RetentionPlan {
        NavigableMap<Long, Set<Keep>> reasons = new TreeMap<>();
        kept.forEach((point, why) -> reasons.put(point, Collections.unmodifiableSet(EnumSet.copyOf(why))));
        kept = Collections.unmodifiableNavigableMap(reasons);
        dropped = Collections.unmodifiableNavigableMap(new TreeMap<>(dropped));
        items = List.copyOf(items);
        findings = List.copyOf(findings);
    }

    /** Returns the number of bytes of all chunks in the plan. */
    public long bytes() {
        return items.stream().mapToLong(Item::bytes).sum();
    }

    /** Returns the keys of the chunks in the plan. */
    public List<String> keys() {
        return items.stream().map(Item::key).toList();
    }

    /** Returns when the first chunk may be deleted; empty if the plan has none. */
    public Optional<Instant> notBefore() {
        return items.stream().map(Item::notBefore).min(Instant::compareTo);
    }

    /** Returns whether two plans differ in nothing but number, time and findings. */
    boolean isEquivalentTo(RetentionPlan other) {
        return logId.equals(other.logId)
                && newestSha256.equals(other.newestSha256)
                && kept.equals(other.kept)
                && dropped.equals(other.dropped)
                && items.equals(other.items);
    }

    @Override
    public String toString() {
        return "RetentionPlan[number=" + number + ", made=" + made + ", newestPoint=" + newestPoint + ", kept="
                + kept.size()
                + " points, dropped=" + dropped.size() + " points, chunks=" + items.size() + ", bytes=" + bytes()
                + ", notBefore=" + notBefore().map(Instant::toString).orElse("none") + ", findings=" + findings + "]";
    }
}
