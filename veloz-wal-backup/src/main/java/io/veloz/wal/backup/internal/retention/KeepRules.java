package io.veloz.wal.backup.internal.retention;

import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.RetentionPlan.Keep;
import io.veloz.wal.backup.internal.profile.RetentionSettings;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which points are kept. Stateless.
 *
 * <p>Only whole points count for {@code keep.at-least} and {@code keep.monthly}: empty backups must not displace good ones.
 * Months are those that have points, not those of the calendar, so an archive that gets no more backups keeps them. A point
 * within {@code keep.within} is kept even if a chunk of it is missing, unless a plan had dropped it: what was deleted does
 * not come back when the settings change.
 */
final class KeepRules {
    private KeepRules() {}

    /**
     * Returns the kept points and why each is kept.
     *
     * @param points oldest first
     * @param whole the numbers of the whole ones
     * @param dropped by an earlier plan
     * @param drilled the newest whole point with a receipt that passed
     */
    static NavigableMap<Long, Set<Keep>> apply(
            List<RecoveryPoint> points,
            Set<Long> whole,
            Set<Long> dropped,
            OptionalLong drilled,
            RetentionSettings settings,
            Instant now) {
        NavigableMap<Long, Set<Keep>> kept = new TreeMap<>();
        Set<YearMonth> months = new HashSet<>();
        Instant youngerThan = now.minus(settings.within());
        int seen = 0;
        for (int i = points.size() - 1; i >= 0; i--) {
            RecoveryPoint point = points.get(i);
            Set<Keep> why = EnumSet.noneOf(Keep.class);
            boolean isWhole = whole.contains(point.number());
            if (point.made().isAfter(youngerThan) && (isWhole || !dropped.contains(point.number()))) {
                why.add(Keep.WITHIN);
            }
            if (isWhole) {
                seen++;
                if (seen == 1) {
                    why.add(Keep.NEWEST_WHOLE);
                }
                if (seen <= settings.atLeast()) {
                    why.add(Keep.AT_LEAST);
                }
                YearMonth month = YearMonth.from(point.made().atOffset(ZoneOffset.UTC));
                if (!months.contains(month) && months.size() < settings.monthly()) {
                    months.add(month);
                    why.add(Keep.MONTHLY);
                }
                if (drilled.isPresent() && drilled.getAsLong() == point.number()) {
                    why.add(Keep.NEWEST_DRILLED);
                }
            }
            if (!why.isEmpty()) {
                kept.put(point.number(), why);
            }
        }
        return kept;
    }
}
