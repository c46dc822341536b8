package io.veloz.wal.archive.internal.fill;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model checker of a fill: visits, breadth first, every state of a directory that a fill and trims can reach, with the death of
 * the process and power failures at every step. After a power failure each name that was not forced is kept or lost by itself.
 * Segments are numbers. Each step is one change of the directory.
 */
final class FillModel {
    /** A mistake, to show that the model detects it. */
    enum Mistake {
        NONE,
        OLDEST_FIRST,
        TWO_RENAMES_WITH_ONE_FORCE,
        MARK_BEFORE_THE_SEGMENT,
        SEGMENT_IS_NOT_FORCED,
        TRIM_WITHOUT_ITS_MARK,
        FILL_CONTINUES_AFTER_A_TRIM,
        TRIM_ENDS_THE_FILL_AFTER_ITS_MARK,
        OPEN_DELETES_WITHOUT_A_FORCE
    }

    /** The restored log begins with this segment; the ones before it are filled in. */
    private static final int BEGIN = 4;

    private static final int LIMIT = 3_000_000;

    /** The names in the directory: segments as bits, the trim mark, and whether a fill is pending. */
    private record Names(int segments, int mark, boolean pending) {
        Names with(int segment) {
            return new Names(segments | (1 << segment), mark, pending);
        }

        Names without(int segment) {
            return new Names(segments & ~(1 << segment), mark, pending);
        }

        Names marked(int segment) {
            return new Names(segments, segment, pending);
        }

        Names ended() {
            return new Names(segments, mark, false);
        }

        boolean has(int segment) {
            return (segments & (1 << segment)) != 0;
        }
    }

    private enum Fill {
        IDLE,
        FETCHED,
        READY,
        RENAMED,
        DURABLE,
        MARKED
    }

    private enum Trim {
        IDLE,
        ENDING,
        ENDED,
        MARKED,
        DURABLE,
        DELETED
    }

    /**
     * @param cached the names that processes see
     * @param durable the names that a power failure leaves
     * @param forced segments whose content is durable
     * @param segment that is filled in
     * @param target the first segment that a trim keeps
     * @param trimmed the first segment that the last durable trim has kept
     */
    private record World(
            Names cached,
            Names durable,
            int forced,
            Fill fill,
            int segment,
            Trim trim,
            int target,
            int trimmed,
            int trims,
            int deaths,
            int cuts) {
        World names(Names value) {
            return new World(value, durable, forced, fill, segment, trim, target, trimmed, trims, deaths, cuts);
        }

        /** The directory is forced. */
        World force() {
            return new World(cached, cached, forced, fill, segment, trim, target, trimmed, trims, deaths, cuts);
        }

        World forced(int number) {
            int more = forced | (1 << number);
            return new World(cached, durable, more, fill, segment, trim, target, trimmed, trims, deaths, cuts);
        }

        World unforced(int number) {
            int less = forced & ~(1 << number);
            return new World(cached, durable, less, fill, segment, trim, target, trimmed, trims, deaths, cuts);
        }

        World fill(Fill value, int number) {
            return new World(cached, durable, forced, value, number, trim, target, trimmed, trims, deaths, cuts);
        }

        World trim(Trim value, int to) {
            int left = value == Trim.ENDING && trim == Trim.IDLE ? trims - 1 : trims;
            return new World(cached, durable, forced, fill, segment, value, to, trimmed, left, deaths, cuts);
        }

        World trimmed(int value) {
            return new World(cached, durable, forced, fill, segment, trim, target, value, trims, deaths, cuts);
        }

        /** A process begins: whatever it does not find in the directory is unknown. */
        World opened(Names found, Names stored, int content, int deathsLeft, int cutsLeft) {
            return new World(found, stored, content, Fill.IDLE, 0, Trim.IDLE, 0, trimmed, trims, deathsLeft, cutsLeft);
        }
    }

    private final Mistake mistake;
    private final Set<World> seen = new HashSet<>();
    private final Deque<World> open = new ArrayDeque<>();

    FillModel(Mistake mistake) {
        this.mistake = mistake;
    }

    int worlds() {
        return seen.size();
    }

    /** Returns the first violation of an invariant; null if there is none in all worlds. */
    @Nullable
    String check(int trims, int deaths, int cuts) {
        Names begin = new Names(1 << BEGIN, BEGIN, true);
        visit(new World(begin, begin, 1 << BEGIN, Fill.IDLE, 0, Trim.IDLE, 0, 0, trims, deaths, cuts));
        while (!open.isEmpty()) {
            World world = open.remove();
            String violation = violation(world);
            if (violation != null) {
                return violation;
            }
            if (seen.size() > LIMIT) {
                throw new AssertionError("more than " + LIMIT + " worlds");
            }
            fill(world);
            trim(world);
            if (world.deaths > 0) {
                openAfter(world, world.cached, world.durable, world.forced, world.deaths - 1, world.cuts);
            }
            if (world.cuts > 0) {
                cutPower(world);
            }
        }
        return null;
    }

    private void visit(World world) {
        if (seen.add(world)) {
            open.add(world);
        }
    }

    private static @Nullable String violation(World world) {
        Names names = world.cached;
        for (int segment = names.mark; segment <= BEGIN; segment++) {
            if (!names.has(segment)) {
                return "the log begins with segment " + names.mark + ", and segment " + segment + " is missing";
            }
            boolean isNew = world.durable.has(segment) && world.durable.mark <= segment;
            if (isNew && (world.forced & (1 << segment)) == 0) {
                return "the content of segment " + segment + " is not durable, and the log begins with " + names.mark;
            }
        }
        if (names.mark < world.trimmed) {
            return "the log was trimmed up to segment " + world.trimmed + ", and begins with segment " + names.mark;
        }
        return null;
    }

    // ---- the fill. It has the lock that excludes a trim from READY to MARKED

    private void fill(World world) {
        boolean ignoresTrims = mistake == Mistake.FILL_CONTINUES_AFTER_A_TRIM;
        int segment = world.segment;
        switch (world.fill) {
            case IDLE -> {
                int next = mistake == Mistake.OLDEST_FIRST ? oldestMissing(world) : world.cached.mark - 1;
                if ((world.cached.pending || ignoresTrims) && next >= 1) {
                    visit(world.fill(Fill.FETCHED, next));
                }
            }
            case FETCHED -> {
                boolean excluded = world.trim != Trim.IDLE;
                boolean isNext = mistake == Mistake.OLDEST_FIRST || segment == world.cached.mark - 1;
                if (!world.cached.pending && !ignoresTrims) {
                    visit(world.fill(Fill.IDLE, 0));
                } else if (!excluded && !isNext) {
                    visit(world.fill(Fill.IDLE, 0));
                } else if (!excluded) {
                    boolean forces = mistake != Mistake.SEGMENT_IS_NOT_FORCED;
                    visit((forces ? world.forced(segment) : world.unforced(segment)).fill(Fill.READY, segment));
                }
            }
            case READY -> {
                if (mistake == Mistake.MARK_BEFORE_THE_SEGMENT) {
                    visit(world.names(world.cached.marked(segment)).force().fill(Fill.MARKED, segment));
                } else {
                    visit(world.names(world.cached.with(segment)).fill(Fill.RENAMED, segment));
                }
            }
            case RENAMED ->
                visit((mistake == Mistake.TWO_RENAMES_WITH_ONE_FORCE ? world : world.force())
                        .fill(Fill.DURABLE, segment));
            case DURABLE -> visit(world.names(world.cached.marked(segment)).fill(Fill.MARKED, segment));
            case MARKED -> {
                World added =
                        mistake == Mistake.MARK_BEFORE_THE_SEGMENT ? world.names(world.cached.with(segment)) : world;
                visit(added.force().fill(Fill.IDLE, 0));
            }
        }
    }

    private static int oldestMissing(World world) {
        int segment = 1;
        while (world.cached.has(segment)) {
            segment++;
        }
        return segment < BEGIN ? segment : 0;
    }

    // ---- a trim

    private void trim(World world) {
        int target = world.target;
        switch (world.trim) {
            case IDLE -> {
                boolean excluded = world.fill != Fill.IDLE && world.fill != Fill.FETCHED;
                for (int to = world.cached.mark + 1; to <= BEGIN && world.trims > 0 && !excluded; to++) {
                    visit(world.trim(Trim.ENDING, to));
                }
            }
            case ENDING -> {
                boolean ends = mistake != Mistake.FILL_CONTINUES_AFTER_A_TRIM
                        && mistake != Mistake.TRIM_ENDS_THE_FILL_AFTER_ITS_MARK;
                World next = ends ? world.names(world.cached.ended()).force() : world;
                if (ends) {
                    // Before the force as well, so that a power failure can keep or lose the name.
                    visit(world.names(world.cached.ended()).trim(Trim.ENDING, target));
                }
                visit(next.trim(Trim.ENDED, target));
            }
            case ENDED ->
                visit(
                        mistake == Mistake.TRIM_WITHOUT_ITS_MARK
                                ? world.trim(Trim.DURABLE, target)
                                : world.names(world.cached.marked(target)).trim(Trim.MARKED, target));
            case MARKED -> visit(world.force().trimmed(target).trim(Trim.DURABLE, target));
            case DURABLE -> {
                int oldest = oldest(world.cached);
                if (mistake == Mistake.TRIM_ENDS_THE_FILL_AFTER_ITS_MARK && world.cached.pending) {
                    visit(world.names(world.cached.ended()).trim(Trim.DURABLE, target));
                } else if (oldest < target) {
                    visit(world.names(world.cached.without(oldest)).trim(Trim.DURABLE, target));
                } else {
                    visit(world.trim(Trim.DELETED, target));
                }
            }
            case DELETED -> visit(world.force().trim(Trim.IDLE, 0));
        }
    }

    private static int oldest(Names names) {
        return Integer.numberOfTrailingZeros(names.segments);
    }

    // ---- the end of a process

    /** The next open deletes the segments below the mark, after a force: the mark that it reads may exist in the cache only. */
    private void openAfter(World world, Names found, Names stored, int content, int deaths, int cuts) {
        Names cleaned = found;
        for (int segment = 1; segment < found.mark; segment++) {
            cleaned = cleaned.without(segment);
        }
        Names kept = mistake == Mistake.OPEN_DELETES_WITHOUT_A_FORCE ? stored : found;
        visit(world.opened(cleaned, kept, content, deaths, cuts));
    }

    private void cutPower(World world) {
        List<Names> left = new ArrayList<>();
        left.add(world.durable);
        for (int segment = 1; segment <= BEGIN; segment++) {
            if (world.durable.has(segment) != world.cached.has(segment)) {
                int changed = segment;
                add(left, names -> world.cached.has(changed) ? names.with(changed) : names.without(changed));
            }
        }
        if (world.durable.mark != world.cached.mark) {
            add(left, names -> names.marked(world.cached.mark));
        }
        if (world.durable.pending != world.cached.pending) {
            add(left, names -> new Names(names.segments, names.mark, world.cached.pending));
        }
        for (Names names : left) {
            openAfter(world, names, names, world.forced, world.deaths, world.cuts - 1);
        }
    }

    private interface Change {
        Names of(Names names);
    }

    private static void add(List<Names> left, Change change) {
        for (Names names : List.copyOf(left)) {
            left.add(change.of(names));
        }
    }
}
