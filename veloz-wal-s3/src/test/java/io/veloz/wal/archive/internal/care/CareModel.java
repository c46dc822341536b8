package io.veloz.wal.archive.internal.care;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A model checker of retention: visits, breadth first, every state that two janitors, an operator with a hold, a backup job and a
 * restore can reach, with crashes and late deletes, and no grace at all. Segments are numbers, and a record is named by its
 * segment. Each step is one request.
 */
final class CareModel {
    /** A mistake, to show that the model detects it. */
    enum Mistake {
        NONE,
        NEEDS_READ_ONLY_BEFORE_THE_PLAN,
        NEEDS_READ_BEFORE_THE_RECORD,
        SECOND_LOOK_IGNORES_THE_PLAN,
        NO_SECOND_LOOK,
        HOLD_BLIND_TO_A_DELETE,
        DELETE_NOT_BASED_ON_ITS_NUMBER,
        DELETE_BEFORE_ITS_RECORD,
        RESTORE_DOES_NOT_LOOK_AGAIN
    }

    private static final int SEGMENTS = 4;
    private static final int NEVER = 99;
    private static final int NEED = 2;
    private static final int HOLD = 2;
    private static final int LIMIT = 3_000_000;

    /** The state that the last care record states. */
    private record Care(int number, int floor, int plan, boolean deleting, int hold) {
        Care next(int itsFloor, int itsPlan, boolean isDeleting, int itsHold) {
            return new Care(number + 1, itsFloor, itsPlan, isDeleting, itsHold);
        }

        boolean keeps(int need) {
            return floor <= need && (plan == 0 || plan <= need);
        }
    }

    private enum Phase {
        READ_CARE,
        READ_NEEDS,
        PUT,
        DELETE,
        CLOSE
    }

    /** @param need the smallest need that was read */
    private record Janitor(Phase phase, Care care, int need, int next) {}

    /** 0 before the first look, 1 before the put, 2 before the second look, 3 good, 4 in vain. */
    private record Job(int step) {}

    /** 0 before the read, 1 before the put, 2 in force, 3 refused. */
    private record Operator(int step, Care care) {}

    /** 0 before the read of the floor, then the segment that is read next. */
    private record Restore(int segment, int floor) {}

    private record World(
            Care care,
            int present,
            int late,
            boolean point,
            List<Janitor> janitors,
            Job job,
            Operator operator,
            Restore restore,
            int crashes,
            int lates,
            @Nullable String wrong) {}

    private final Mistake mistake;
    private final Set<World> seen = new HashSet<>();
    private final Deque<World> open = new ArrayDeque<>();

    CareModel(Mistake mistake) {
        this.mistake = mistake;
    }

    int worlds() {
        return seen.size();
    }

    /** Returns the first violation of an invariant; null if there is none in all worlds. */
    @Nullable
    String check(int janitors, boolean hold, boolean job, boolean restore, int crashes, int lates) {
        Care none = new Care(0, 1, 0, false, NEVER);
        List<Janitor> all = new ArrayList<>();
        for (int i = 0; i < janitors; i++) {
            all.add(idle());
        }
        visit(new World(
                none,
                (1 << (SEGMENTS + 1)) - 1,
                0,
                false,
                List.copyOf(all),
                new Job(job ? 0 : 4),
                new Operator(hold ? 0 : 3, none),
                new Restore(restore ? 0 : NEVER, 0),
                crashes,
                lates,
                null));
        while (!open.isEmpty()) {
            World world = open.remove();
            String violation = violation(world);
            if (violation != null) {
                return violation;
            }
            if (seen.size() > LIMIT) {
                throw new AssertionError("more than " + LIMIT + " worlds");
            }
            for (int i = 0; i < janitors; i++) {
                janitor(world, i);
            }
            job(world);
            operator(world);
            restore(world);
            lateDeletes(world);
        }
        return null;
    }

    private static @Nullable String violation(World world) {
        if (world.wrong != null) {
            return world.wrong;
        }
        for (int segment = world.care.floor; segment <= SEGMENTS; segment++) {
            if ((world.present & (1 << segment)) == 0) {
                return "segment " + segment + " is missing above the floor " + world.care.floor;
            }
        }
        if (world.job.step == 3 && world.care.floor > NEED) {
            return "a good point needs segment " + NEED + ", and the floor is " + world.care.floor;
        }
        if (world.operator.step == 2 && world.care.floor > HOLD) {
            return "a hold is in force at segment " + HOLD + ", and the floor is " + world.care.floor;
        }
        return null;
    }

    private void visit(World world) {
        if (seen.add(world)) {
            open.add(world);
        }
    }

    // ---- janitors

    private static Janitor idle() {
        return new Janitor(Phase.READ_CARE, new Care(0, 1, 0, false, NEVER), NEVER, 0);
    }

    private void janitor(World world, int index) {
        Janitor janitor = world.janitors.get(index);
        Consumer<Janitor> to = next -> visit(with(world, index, next));
        if (world.crashes > 0 && janitor.phase != Phase.READ_CARE) {
            World crashed = with(world, index, idle());
            visit(new World(
                    crashed.care,
                    crashed.present,
                    crashed.late,
                    crashed.point,
                    crashed.janitors,
                    crashed.job,
                    crashed.operator,
                    crashed.restore,
                    world.crashes - 1,
                    crashed.lates,
                    null));
        }
        switch (janitor.phase) {
            case READ_CARE -> {
                if (mistake == Mistake.NEEDS_READ_BEFORE_THE_RECORD && janitor.next == 0) {
                    to.accept(new Janitor(Phase.READ_CARE, janitor.care, needs(world), 1));
                    return;
                }
                boolean hasNeeds = mistake == Mistake.NEEDS_READ_BEFORE_THE_RECORD
                        || (mistake == Mistake.NEEDS_READ_ONLY_BEFORE_THE_PLAN && world.care.plan > 0);
                Phase phase = world.care.deleting ? Phase.DELETE : hasNeeds ? Phase.PUT : Phase.READ_NEEDS;
                to.accept(new Janitor(phase, world.care, janitor.need, 1));
            }
            case READ_NEEDS -> to.accept(new Janitor(Phase.PUT, janitor.care, needs(world), 1));
            case PUT -> put(world, index, janitor);
            case DELETE -> delete(world, index, janitor);
            case CLOSE -> {
                Care care = world.care;
                if (care.deleting && care.floor == janitor.care.floor) {
                    put(world, index, care.next(care.floor, 0, false, care.hold), idle());
                } else {
                    to.accept(idle());
                }
            }
        }
    }

    private static int needs(World world) {
        return world.point ? NEED : NEVER;
    }

    private void put(World world, int index, Janitor janitor) {
        Care based = janitor.care;
        int goal = based.floor < 3 ? 3 : 4;
        int target = Math.min(Math.min(goal, based.hold), janitor.need);
        boolean isTaken = world.care.number != based.number;
        if (isTaken && !(mistake == Mistake.DELETE_NOT_BASED_ON_ITS_NUMBER && based.plan > 0 && world.care.plan > 0)) {
            visit(with(world, index, idle()));
            return;
        }
        if (based.plan == 0) {
            if (target > based.floor) {
                put(world, index, based.next(based.floor, target, false, based.hold), idle());
            }
            return;
        }
        Care last = world.care;
        int cut = Math.min(target, based.plan);
        if (cut <= last.floor) {
            put(world, index, last.next(last.floor, 0, false, last.hold), idle());
            return;
        }
        Care deleted = last.next(cut, last.plan, true, last.hold);
        if (mistake == Mistake.DELETE_BEFORE_ITS_RECORD && (world.present & 2) != 0) {
            visit(new World(
                    world.care,
                    world.present & ~2,
                    world.late,
                    world.point,
                    world.janitors,
                    world.job,
                    world.operator,
                    world.restore,
                    world.crashes,
                    world.lates,
                    null));
            return;
        }
        put(world, index, deleted, new Janitor(Phase.DELETE, deleted, NEVER, 1));
    }

    private void put(World world, int index, Care care, Janitor next) {
        World put = with(world, index, next);
        visit(new World(
                care,
                put.present,
                put.late,
                put.point,
                put.janitors,
                put.job,
                put.operator,
                put.restore,
                put.crashes,
                put.lates,
                null));
    }

    /** Deletes one segment below the floor of its own record; with a late delete, the request takes effect at any later time. */
    private void delete(World world, int index, Janitor janitor) {
        int segment = janitor.next;
        if (segment >= janitor.care.floor) {
            visit(with(world, index, new Janitor(Phase.CLOSE, janitor.care, NEVER, segment)));
            return;
        }
        World next = with(world, index, new Janitor(Phase.DELETE, janitor.care, NEVER, segment + 1));
        visit(new World(
                next.care,
                next.present & ~(1 << segment),
                next.late,
                next.point,
                next.janitors,
                next.job,
                next.operator,
                next.restore,
                next.crashes,
                next.lates,
                null));
        if (world.lates > 0) {
            visit(new World(
                    next.care,
                    next.present,
                    next.late | (1 << segment),
                    next.point,
                    next.janitors,
                    next.job,
                    next.operator,
                    next.restore,
                    next.crashes,
                    next.lates - 1,
                    null));
        }
    }

    private void lateDeletes(World world) {
        for (int segment = 1; segment <= SEGMENTS; segment++) {
            if ((world.late & (1 << segment)) != 0) {
                visit(new World(
                        world.care,
                        world.present & ~(1 << segment),
                        world.late & ~(1 << segment),
                        world.point,
                        world.janitors,
                        world.job,
                        world.operator,
                        world.restore,
                        world.crashes,
                        world.lates,
                        null));
            }
        }
    }

    private static World with(World world, int index, Janitor janitor) {
        List<Janitor> janitors = new ArrayList<>(world.janitors);
        janitors.set(index, janitor);
        return new World(
                world.care,
                world.present,
                world.late,
                world.point,
                List.copyOf(janitors),
                world.job,
                world.operator,
                world.restore,
                world.crashes,
                world.lates,
                null);
    }

    // ---- the others

    private void job(World world) {
        int step = world.job.step;
        if (step == 0) {
            visit(with(world, new Job(world.care.keeps(NEED) ? 1 : 4), world.point));
        } else if (step == 1) {
            visit(with(world, new Job(mistake == Mistake.NO_SECOND_LOOK ? 3 : 2), true));
        } else if (step == 2) {
            boolean isGood =
                    mistake == Mistake.SECOND_LOOK_IGNORES_THE_PLAN ? world.care.floor <= NEED : world.care.keeps(NEED);
            visit(with(world, new Job(isGood ? 3 : 4), true));
        }
    }

    private static World with(World world, Job job, boolean point) {
        return new World(
                world.care,
                world.present,
                world.late,
                point,
                world.janitors,
                job,
                world.operator,
                world.restore,
                world.crashes,
                world.lates,
                null);
    }

    private void operator(World world) {
        Operator operator = world.operator;
        Care care = operator.care;
        if (operator.step == 0) {
            visit(with(world, world.care, new Operator(world.care.floor <= HOLD ? 1 : 3, world.care)));
        } else if (operator.step == 1 && world.care.number == care.number) {
            visit(with(world, care.next(care.floor, care.plan, care.deleting, HOLD), new Operator(2, care)));
        } else if (operator.step == 1 && mistake == Mistake.HOLD_BLIND_TO_A_DELETE) {
            Care last = world.care;
            visit(with(world, last.next(last.floor, last.plan, last.deleting, HOLD), new Operator(2, care)));
        } else if (operator.step == 1) {
            visit(with(world, world.care, new Operator(0, care)));
        }
    }

    private static World with(World world, Care care, Operator operator) {
        return new World(
                care,
                world.present,
                world.late,
                world.point,
                world.janitors,
                world.job,
                operator,
                world.restore,
                world.crashes,
                world.lates,
                null);
    }

    /** Reads the segments from the floor on. If one is missing, reads the floor again, and begins again if it has risen. */
    private void restore(World world) {
        Restore restore = world.restore;
        if (restore.segment > SEGMENTS) {
            return;
        }
        int floor = world.care.floor;
        if (restore.segment == 0) {
            visit(with(world, new Restore(floor, floor), null));
        } else if ((world.present & (1 << restore.segment)) != 0) {
            visit(with(world, new Restore(restore.segment + 1, restore.floor), null));
        } else if (floor > restore.segment && mistake != Mistake.RESTORE_DOES_NOT_LOOK_AGAIN) {
            visit(with(world, new Restore(floor, floor), null));
        } else {
            visit(with(world, restore, "a restore reports segment " + restore.segment + " as damaged"));
        }
    }

    private static World with(World world, Restore restore, @Nullable String wrong) {
        return new World(
                world.care,
                world.present,
                world.late,
                world.point,
                world.janitors,
                world.job,
                world.operator,
                restore,
                world.crashes,
                world.lates,
                wrong);
    }
}
