package io.veloz.wal.archive.internal.repair;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model checker of the repair of an archive: visits, breadth first, every state that a shipper, three repairs and a janitor can
 * reach, with crashes. There is one segment, whose first object is damaged. Each step is one request.
 */
final class RepairModel {
    /** A mistake, to show that the model detects it. */
    enum Mistake {
        NONE,
        RESTATED_WITHOUT_AN_EPOCH,
        EPOCH_NOT_NEWEST_AT_THE_SLOT,
        OBJECT_REPLACED_IN_PLACE,
        CONTENT_NOT_COMPARED,
        SLOT_BEFORE_ITS_OBJECT,
        OBJECT_OF_A_CRASHED_REPAIR_REUSED,
        BELOW_THE_FLOOR
    }

    private static final int LIMIT = 3_000_000;

    /** Two repairs from a directory with the archived file, and this one from a directory that has diverged. */
    private static final int DIVERGED = 1;

    /** The bytes of an object. Another compressor gives other bytes for the same file. */
    private enum Bytes {
        ABSENT,
        DAMAGED,
        SAME_FILE,
        OTHER_FILE
    }

    private enum Kind {
        EPOCH,
        TAIL,
        RESTATED
    }

    /** @param object the epoch in the key of the object that a RESTATED slot names */
    private record Slot(Kind kind, long epoch, int writer, int object) {}

    private enum Phase {
        READ,
        CLAIM,
        UPLOAD,
        PUT,
        DONE
    }

    /**
     * A repair.
     *
     * @param tip the number of the last slot that it knows
     * @param epoch its epoch, from the claim on
     * @param orphan the object that a crashed run has left; 0 if there is none
     * @param begunBelow whether the segment was retired before the run began
     */
    private record Repair(Phase phase, int tip, int epoch, int orphan, boolean begunBelow) {}

    /** @param named the epochs of the objects that slots name, and the epoch of the tip, once it has read them */
    private record Janitor(boolean hasRead, int tipEpoch, Set<Integer> named) {}

    private record World(
            List<Slot> chain,
            List<Bytes> objects,
            boolean isRetired,
            int shipperTip,
            boolean isShipperFenced,
            List<Repair> repairs,
            Janitor janitor,
            int crashes,
            @Nullable String wrong) {

        int tipEpoch() {
            return chain.stream().mapToInt(slot -> (int) slot.epoch).max().orElse(1);
        }
    }

    private final Mistake mistake;
    private final Set<World> seen = new HashSet<>();
    private final Deque<World> open = new ArrayDeque<>();

    RepairModel(Mistake mistake) {
        this.mistake = mistake;
    }

    int worlds() {
        return seen.size();
    }

    /** Returns the first violation of an invariant; null if there is none in all worlds. */
    @Nullable
    String check(int crashes) {
        List<Bytes> objects = new ArrayList<>(List.of(Bytes.ABSENT, Bytes.DAMAGED));
        for (int epoch = 2; epoch < 8; epoch++) {
            objects.add(Bytes.ABSENT);
        }
        Repair idle = new Repair(Phase.READ, 0, 0, 0, false);
        visit(new World(
                List.of(new Slot(Kind.EPOCH, 1, 9, 0)),
                List.copyOf(objects),
                false,
                1,
                false,
                List.of(idle, idle, idle),
                new Janitor(false, 0, Set.of()),
                crashes,
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
            shipper(world);
            for (int i = 0; i < world.repairs.size(); i++) {
                repair(world, i);
            }
            janitor(world);
        }
        return null;
    }

    private static @Nullable String violation(World world) {
        if (world.wrong != null) {
            return world.wrong;
        }
        int writer = -1;
        int last = 1;
        for (Slot slot : world.chain) {
            writer = slot.kind == Kind.EPOCH ? slot.writer : writer;
            if (slot.writer != writer) {
                return "a slot of a writer without the epoch";
            }
            last = slot.kind == Kind.RESTATED ? slot.object : last;
        }
        if (last > 1 && !world.isRetired) {
            Bytes bytes = world.objects.get(last);
            if (bytes == Bytes.OTHER_FILE) {
                return "the last statement names another file";
            }
            if (bytes != Bytes.SAME_FILE) {
                return "the last statement names an object that is " + bytes;
            }
        }
        return null;
    }

    private void visit(World world) {
        if (seen.add(world)) {
            open.add(world);
        }
    }

    // ---- the shipper of epoch 1

    private void shipper(World world) {
        if (world.isShipperFenced || world.chain.size() > 5) {
            return;
        }
        if (world.chain.size() > world.shipperTip) {
            Slot other = world.chain.get(world.shipperTip);
            String wrong = other.epoch == 1 ? "the writer finds a slot of another one in its epoch" : null;
            visit(with(world, world.chain, world.objects, world.repairs, world.crashes, wrong, world.shipperTip, true));
            return;
        }
        List<Slot> chain = plus(world.chain, new Slot(Kind.TAIL, 1, 9, 0));
        visit(with(world, chain, world.objects, world.repairs, world.crashes, null, chain.size(), false));
    }

    // ---- repairs

    private void repair(World world, int i) {
        Repair repair = world.repairs.get(i);
        boolean mayCrash = repair.phase != Phase.READ && repair.phase != Phase.DONE && world.crashes > 0;
        if (mayCrash) {
            int orphan = repair.phase == Phase.PUT ? repair.epoch : repair.orphan;
            Repair again = new Repair(Phase.READ, 0, 0, orphan, false);
            visit(with(world, world.chain, world.objects, set(world, i, again), world.crashes - 1, null));
        }
        switch (repair.phase) {
            case READ -> read(world, i, repair);
            case CLAIM -> claim(world, i, repair);
            case UPLOAD -> upload(world, i, repair);
            case PUT -> put(world, i, repair);
            case DONE -> {}
        }
    }

    private void read(World world, int i, Repair repair) {
        boolean differs = i == DIVERGED && mistake != Mistake.CONTENT_NOT_COMPARED;
        boolean retired = world.isRetired && mistake != Mistake.BELOW_THE_FLOOR;
        boolean done = world.chain.stream().anyMatch(slot -> slot.kind == Kind.RESTATED);
        int tip = world.chain.size();
        Phase next = differs || retired || done ? Phase.DONE : Phase.CLAIM;
        int epoch = 0;
        if (next == Phase.CLAIM && mistake == Mistake.RESTATED_WITHOUT_AN_EPOCH) {
            // The epoch of the shipper.
            next = Phase.UPLOAD;
            epoch = world.tipEpoch();
        }
        move(world, i, new Repair(next, tip, epoch, repair.orphan, world.isRetired));
    }

    private void claim(World world, int i, Repair repair) {
        if (world.chain.size() > repair.tip) {
            move(world, i, new Repair(Phase.READ, 0, 0, repair.orphan, false));
            return;
        }
        int epoch = world.tipEpoch() + 1;
        if (epoch >= world.objects.size()) {
            return;
        }
        List<Slot> chain = plus(world.chain, new Slot(Kind.EPOCH, epoch, i, 0));
        Phase next = mistake == Mistake.SLOT_BEFORE_ITS_OBJECT ? Phase.PUT : Phase.UPLOAD;
        Repair claimed = new Repair(next, chain.size(), epoch, repair.orphan, repair.begunBelow);
        visit(with(world, chain, world.objects, set(world, i, claimed), world.crashes, null));
    }

    private int object(Repair repair) {
        if (mistake == Mistake.OBJECT_REPLACED_IN_PLACE) {
            return 1;
        }
        boolean reuses = mistake == Mistake.OBJECT_OF_A_CRASHED_REPAIR_REUSED && repair.orphan > 0;
        return reuses ? repair.orphan : repair.epoch;
    }

    private void upload(World world, int i, Repair repair) {
        int key = object(repair);
        Bytes bytes = i == DIVERGED ? Bytes.OTHER_FILE : Bytes.SAME_FILE;
        Bytes before = world.objects.get(key);
        List<Bytes> objects = new ArrayList<>(world.objects);
        String wrong = null;
        if (mistake == Mistake.OBJECT_REPLACED_IN_PLACE) {
            wrong = before == bytes ? null : "an object was replaced";
            objects.set(key, bytes);
        } else if (before == Bytes.ABSENT && key == repair.epoch) {
            objects.set(key, bytes);
        }
        Phase next = mistake == Mistake.SLOT_BEFORE_ITS_OBJECT ? Phase.DONE : Phase.PUT;
        Repair uploaded = new Repair(next, repair.tip, repair.epoch, repair.orphan, repair.begunBelow);
        visit(with(world, world.chain, List.copyOf(objects), set(world, i, uploaded), world.crashes, wrong));
    }

    private void put(World world, int i, Repair repair) {
        boolean isTaken = world.chain.size() > repair.tip;
        if (isTaken && mistake != Mistake.EPOCH_NOT_NEWEST_AT_THE_SLOT) {
            // Fenced.
            move(world, i, new Repair(Phase.DONE, repair.tip, repair.epoch, 0, false));
            return;
        }
        int epoch = repair.epoch == 0 ? 1 : repair.epoch;
        List<Slot> chain = plus(world.chain, new Slot(Kind.RESTATED, epoch, i, object(repair)));
        Phase next = mistake == Mistake.SLOT_BEFORE_ITS_OBJECT ? Phase.UPLOAD : Phase.DONE;
        Repair stated = new Repair(next, chain.size(), repair.epoch, 0, repair.begunBelow);
        String wrong = repair.begunBelow ? "a segment is stated that was retired before" : null;
        visit(with(world, chain, world.objects, set(world, i, stated), world.crashes, wrong));
    }

    // ---- the janitor

    private void janitor(World world) {
        if (!world.isRetired) {
            visit(new World(
                    world.chain,
                    world.objects,
                    true,
                    world.shipperTip,
                    world.isShipperFenced,
                    world.repairs,
                    world.janitor,
                    world.crashes,
                    null));
        }
        if (!world.janitor.hasRead) {
            Set<Integer> named = new HashSet<>(Set.of(1));
            world.chain.forEach(slot -> named.add(slot.object));
            Janitor read = new Janitor(true, world.tipEpoch(), Set.copyOf(named));
            visit(withJanitor(world, world.objects, read));
            return;
        }
        // It deletes what no slot names of lower epochs than that of the tip that it has read.
        for (int epoch = 2; epoch < world.janitor.tipEpoch; epoch++) {
            if (world.objects.get(epoch) != Bytes.ABSENT && !world.janitor.named.contains(epoch)) {
                List<Bytes> objects = new ArrayList<>(world.objects);
                objects.set(epoch, Bytes.ABSENT);
                visit(withJanitor(world, List.copyOf(objects), world.janitor));
            }
        }
    }

    // ---- worlds

    private void move(World world, int i, Repair next) {
        visit(with(world, world.chain, world.objects, set(world, i, next), world.crashes, null));
    }

    private static List<Slot> plus(List<Slot> chain, Slot slot) {
        List<Slot> longer = new ArrayList<>(chain);
        longer.add(slot);
        return List.copyOf(longer);
    }

    private static List<Repair> set(World world, int i, Repair next) {
        List<Repair> repairs = new ArrayList<>(world.repairs);
        repairs.set(i, next);
        return List.copyOf(repairs);
    }

    private static World withJanitor(World world, List<Bytes> objects, Janitor janitor) {
        return new World(
                world.chain,
                objects,
                world.isRetired,
                world.shipperTip,
                world.isShipperFenced,
                world.repairs,
                janitor,
                world.crashes,
                null);
    }

    private static World with(
            World world,
            List<Slot> chain,
            List<Bytes> objects,
            List<Repair> repairs,
            int crashes,
            @Nullable String wrong) {
        return with(world, chain, objects, repairs, crashes, wrong, world.shipperTip, world.isShipperFenced);
    }

    private static World with(
            World world,
            List<Slot> chain,
            List<Bytes> objects,
            List<Repair> repairs,
            int crashes,
            @Nullable String wrong,
            int shipperTip,
            boolean isFenced) {
        return new World(chain, objects, world.isRetired, shipperTip, isFenced, repairs, world.janitor, crashes, wrong);
    }
}
