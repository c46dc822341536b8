package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.DirectoryState;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Reason;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.ship.FollowWorld.Standby;
import io.veloz.wal.archive.internal.ship.ModelStore.RequestFault;
import io.veloz.wal.archive.internal.ship.ModelWorld.Late;
import io.veloz.wal.archive.internal.ship.ModelWorld.Writer;
import io.veloz.wal.archive.internal.ship.WriterState.Phase;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A model checker of following and promotion: visits every state that a primary and standbys can reach, as {@link
 * ProtocolModel} does for writers. The primary and the claims of the standbys are the real {@link SlotWriter}, with one request
 * per step. A standby applies one slot per step, or everything at once after a list has shown that slots were dropped: then it
 * proves the archive, which does not depend on the order of its requests. An operator may promote any standby at any time.
 */
final class FollowModel {
    /** A mistake, to show that the model detects it. */
    enum Mistake {
        NONE,
        FOLLOWER_WITHOUT_A_LIST,
        OVER_RAISED,
        CLAIM_RETRIED_AFTER_A_CRASH,
        OPENED_WITH_WHAT_IT_HAD_BEFORE_THE_FENCE,
        NO_LIST_AFTER_THE_EPOCH,
        WRITER_NOT_RECORDED,
        GIVEN_UP_WHILE_ITS_EPOCH_MAY_ARRIVE
    }

    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    private static final LogIdentity IDENTITY =
            new LogIdentity("0123456789abcdef0123456789abcdef", "orders", Instant.EPOCH, 1, 1);

    private final Mistake mistake;
    private final Map<String, byte[]> contents = new HashMap<>();
    private final Map<String, Slot> slots = new HashMap<>();
    private final Map<String, List<String>> chains = new HashMap<>();
    private final Set<List<Object>> seen = new HashSet<>();
    private final Deque<FollowWorld> open = new ArrayDeque<>();
    private long transitions;
    private long opened;
    private @Nullable String found;

    FollowModel(Mistake mistake) {
        this.mistake = mistake;
    }

    /** Visits all worlds until one violates an invariant. Returns the violation; null if there is none. */
    @Nullable
    String check(FollowWorld start) {
        visit(start);
        while (!open.isEmpty() && found == null) {
            FollowWorld world = open.remove();
            writerSteps(world, 0);
            for (int i = 0; i < world.standbys.size(); i++) {
                standbySteps(world, i);
            }
            for (int i = 0; i < world.base.late.size(); i++) {
                int index = i;
                branch(world, next -> {
                    Late late = next.base.late.remove(index);
                    ModelStore.arrive(next.base, late.number(), late.sha256());
                });
            }
            cleanUps(world);
        }
        return found;
    }

    int worlds() {
        return seen.size();
    }

    long transitions() {
        return transitions;
    }

    /** Returns the number of worlds in which a standby has opened. */
    long opened() {
        return opened;
    }

    // ---- writers

    private static String id(Writer writer) {
        return String.format(Locale.ROOT, "%016x%016x", writer.index + 1, writer.life + 1);
    }

    private SlotWriter slotWriter(FollowWorld world, Writer writer, RequestFault fault) {
        ModelStore store = new ModelStore(world.base, contents, fault);
        String instance = world.base.directories.get(writer.index).instance();
        return new SlotWriter(new ShipLog(store), IDENTITY, id(writer), instance, "host", CLOCK, writer.state);
    }

    private void writerSteps(FollowWorld world, int index) {
        Writer writer = world.base.writers.get(index);
        if (world.base.budget.crashes > 0) {
            branch(world, next -> {
                next.base.budget.crashes--;
                restart(next.base.writers.get(index));
                if (index > 0) {
                    Standby standby = next.standbys.get(index - 1);
                    standby.epoch = "";
                    standby.phase = FollowWorld.Phase.GET;
                }
            });
        }
        if (writer.refused || !slotWriter(world, writer, RequestFault.NONE).hasStep()) {
            return;
        }
        branch(world, next -> step(next, index, RequestFault.NONE));
        boolean isPut = writer.state.phase() == Phase.CLAIM || writer.state.phase() == Phase.PUT;
        if (isPut && world.base.budget.lost > 0) {
            branch(world, next -> {
                next.base.budget.lost--;
                step(next, index, RequestFault.RESPONSE_LOST);
            });
        }
        if (isPut && world.base.budget.late > 0) {
            branch(world, next -> {
                next.base.budget.late--;
                step(next, index, RequestFault.LATE);
            });
        }
    }

    private static void restart(Writer writer) {
        writer.life++;
        writer.refused = false;
        writer.state = WriterState.INITIAL;
    }

    private void step(FollowWorld world, int index, RequestFault fault) {
        Writer writer = world.base.writers.get(index);
        SlotWriter protocol = slotWriter(world, writer, fault);
        Phase before = protocol.phase();
        try {
            if (before == Phase.LIST_AFTER_CLAIM && index > 0 && mistake == Mistake.NO_LIST_AFTER_THE_EPOCH) {
                WriterState.Draft claim = writer.state.draft();
                writer.state = writer.state.to(Phase.READY, writer.state.tip().next(claim.slot(), claim.sha256()));
                protocol = slotWriter(world, writer, fault);
            } else {
                protocol.step();
            }
        } catch (StoreUnavailableException e) {
            // The next step continues.
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        writer.state = protocol.state();
        if (writer.state.phase() == Phase.READY) {
            world.base.confirmed.add(writer.state.tip().sha256());
            DirectoryState directory = world.base.directories.get(index);
            world.base.directories.set(
                    index, directory.confirming(id(writer), writer.state.tip().kept()));
            writer.next += before == Phase.PUT || before == Phase.RESOLVE ? 1 : 0;
        }
        if (index == 0) {
            proceed(world, writer);
        } else {
            claim(world, writer, world.standbys.get(index - 1));
        }
    }

    /** The primary: continues after its own epochs, and puts the slots of its script. */
    private void proceed(FollowWorld world, Writer writer) {
        SlotWriter protocol = slotWriter(world, writer, RequestFault.NONE);
        if (protocol.phase() == Phase.CHECK) {
            DirectoryState directory = world.base.directories.get(0);
            Slot tip = protocol.tip().slot();
            if (directory.kept().number() > protocol.tip().number()) {
                writer.state = WriterState.INITIAL;
                return;
            }
            if (tip != null && !directory.writers().contains(tip.writer())) {
                writer.refused = true;
                return;
            }
            world.base.directories.set(0, directory.adding(id(writer)));
            protocol.claim(new Epoch(IDENTITY.text()));
        } else if (protocol.phase() == Phase.READY && writer.next < writer.script.length()) {
            Archived end = protocol.tip().archived();
            long sequence = end.sequence() + 1;
            if (writer.script.charAt(writer.next) == 'T') {
                byte[] content = {1};
                protocol.put(
                        new Archived(1, sequence, sequence),
                        new Tail(1, sequence - 1, sequence, sequence, sequence, Digest.of(content)),
                        content);
            } else {
                long last = Math.max(1, end.sequence());
                StoredFile stored = new StoredFile("key", 1, Digest.NONE, 1, Digest.NONE);
                protocol.put(end, new Segment(1, stored, 1, 1, last, last, 0, 0), new byte[0]);
            }
        }
        writer.state = protocol.state();
    }

    // ---- standbys

    private void standbySteps(FollowWorld world, int index) {
        Standby standby = world.standbys.get(index);
        if (standby.isOpen || standby.isLost) {
            return;
        }
        if (standby.over == 0 && standby.place > 0) {
            branch(world, next -> {
                Standby promoted = next.standbys.get(index);
                promoted.over = slots.get(promoted.sha256).epoch();
            });
        }
        if (standby.over > 0 && standby.epoch.isEmpty()) {
            writerSteps(world, standby.writer);
            if (world.otherDecisions > 0) {
                branch(world, next -> {
                    next.otherDecisions--;
                    next.standbys.get(index).over += 7;
                    restart(next.base.writers.get(standby.writer));
                });
            }
        } else {
            branch(world, next -> follow(next, next.standbys.get(index)));
        }
    }

    /** Does what {@link StandbyClaim} does. */
    private void claim(FollowWorld world, Writer writer, Standby standby) {
        SlotWriter protocol = slotWriter(world, writer, RequestFault.NONE);
        if (protocol.phase() == Phase.FENCED) {
            lost(standby, protocol.winner().number());
        } else if (protocol.phase() == Phase.READY) {
            standby.epoch = protocol.tip().sha256();
            if (mistake == Mistake.OPENED_WITH_WHAT_IT_HAD_BEFORE_THE_FENCE) {
                open(world, standby);
            }
        } else if (protocol.phase() == Phase.CHECK) {
            DirectoryState directory = world.base.directories.get(writer.index);
            Slot tip = protocol.tip().slot();
            if (tip == null || directory.kept().number() > protocol.tip().number()) {
                writer.state = WriterState.INITIAL;
                return;
            }
            boolean isOurs = directory.writers().contains(tip.writer());
            boolean isRetried = mistake == Mistake.CLAIM_RETRIED_AFTER_A_CRASH && writer.life > 0;
            if (!isOurs && tip.epoch() != standby.over && mistake != Mistake.OVER_RAISED && !isRetried) {
                lost(standby, tip.number());
                if (tip.writer().startsWith(id(writer).substring(0, 16))) {
                    found = "a standby does not recognize its own epoch";
                }
                return;
            }
            if (mistake != Mistake.WRITER_NOT_RECORDED) {
                world.base.directories.set(writer.index, directory.adding(id(writer)));
            }
            standby.put = Math.max(standby.put, tip.number() + 1);
            protocol.claim(
                    isOurs ? new Epoch(IDENTITY.text()) : new Epoch(IDENTITY.text(), Reason.PROMOTION, tip.epoch()));
        }
        writer.state = protocol.state();
    }

    /** The promotion is refused, with the last slot of the archive. */
    private void lost(Standby standby, long last) {
        standby.isLost = true;
        standby.followsAgain = last >= standby.put || mistake == Mistake.GIVEN_UP_WHILE_ITS_EPOCH_MAY_ARRIVE;
    }

    /** Makes one request of a standby that follows. */
    private void follow(FollowWorld world, Standby standby) {
        String next = world.base.store.get(standby.place + 1);
        boolean isNext = next != null && slots.get(next).previous().equals(standby.sha256);
        switch (standby.phase) {
            case GET -> {
                if (isNext) {
                    apply(standby, standby.place + 1, next);
                } else if (next != null) {
                    search(world, standby);
                } else if (mistake == Mistake.FOLLOWER_WITHOUT_A_LIST) {
                    caughtUp(world, standby);
                } else {
                    standby.phase = FollowWorld.Phase.LIST;
                }
            }
            case LIST -> {
                if (world.base.store.tailMap(standby.place + 1).isEmpty()) {
                    standby.phase = FollowWorld.Phase.GET;
                    caughtUp(world, standby);
                } else {
                    standby.phase = FollowWorld.Phase.AGAIN;
                }
            }
            case AGAIN -> {
                standby.phase = FollowWorld.Phase.GET;
                if (isNext) {
                    apply(standby, standby.place + 1, next);
                } else {
                    search(world, standby);
                }
            }
        }
        if (!standby.epoch.isEmpty()) {
            if (standby.sha256.equals(standby.epoch)) {
                open(world, standby);
            } else if (standby.place >= slots.get(standby.epoch).number()) {
                standby.isLost = true;
            }
        }
    }

    private static void apply(Standby standby, long number, String sha256) {
        standby.place = number;
        standby.sha256 = sha256;
    }

    /** Applies the archive as it is proven from its last slot. */
    private static void search(FollowWorld world, Standby standby) {
        apply(standby, world.base.store.lastKey(), world.base.tip());
    }

    private void caughtUp(FollowWorld world, Standby standby) {
        String tip = world.base.tip();
        if (tip != null && !tip.equals(standby.sha256)) {
            found = "a standby reports that it has caught up at slot " + standby.place
                    + ", and the archive ends with slot " + world.base.store.lastKey();
        }
    }

    private void open(FollowWorld world, Standby standby) {
        standby.isOpen = true;
        world.base.store.values().forEach(this::read);
        List<String> applied = chain(standby.sha256);
        long fence = slots.get(standby.epoch).number();
        boolean hasAll = world.base.confirmed.stream()
                .allMatch(sha256 -> slots.get(sha256).number() >= fence || applied.contains(sha256));
        if (!hasAll) {
            found = "a standby opens without a confirmed slot";
        }
    }

    private void cleanUps(FollowWorld world) {
        if (world.base.budget.cleanUps == 0) {
            return;
        }
        for (String sha256 : chain(world.base.tip())) {
            Slot segment = slots.get(sha256);
            if (segment.part() instanceof Segment) {
                branch(world, next -> {
                    next.base.budget.cleanUps--;
                    next.base
                            .store
                            .entrySet()
                            .removeIf(each -> each.getKey() < segment.number()
                                    && slots.get(each.getValue()).part() instanceof Tail);
                });
            }
        }
    }

    private void branch(FollowWorld world, Consumer<FollowWorld> change) {
        if (found != null) {
            return;
        }
        FollowWorld next = world.copy();
        change.accept(next);
        transitions++;
        if (found == null) {
            visit(next);
        }
    }

    // ---- invariants

    private void visit(FollowWorld world) {
        if (!seen.add(world.key())) {
            return;
        }
        world.base.store.values().forEach(this::read);
        found = violation(world);
        opened += world.standbys.stream().anyMatch(standby -> standby.isOpen) ? 1 : 0;
        open.add(world);
    }

    private @Nullable String violation(FollowWorld world) {
        List<String> chain = chain(world.base.tip());
        if (!chain.containsAll(world.base.confirmed)) {
            return "a confirmed slot is not in the chain";
        }
        Set<Long> replaced = new HashSet<>();
        for (Standby standby : world.standbys) {
            if (standby.isOpen && !chain.contains(standby.epoch)) {
                return "a standby has opened, and the chain continues without its epoch";
            }
            if (standby.followsAgain && hasLastEpoch(standby, chain)) {
                return "a standby that follows again fences the writer that it follows";
            }
            if (standby.isOpen && !replaced.add(standby.over)) {
                return "two standbys have opened over epoch " + standby.over;
            }
        }
        return null;
    }

    private boolean hasLastEpoch(Standby standby, List<String> chain) {
        String own = String.format(Locale.ROOT, "%016x", standby.writer + 1);
        for (int i = chain.size() - 1; i >= 0; i--) {
            if (slots.get(chain.get(i)).part() instanceof Epoch) {
                return slots.get(chain.get(i)).writer().startsWith(own);
            }
        }
        return false;
    }

    private void read(String sha256) {
        if (!slots.containsKey(sha256)) {
            try {
                byte[] bytes = contents.get(sha256);
                String head = new String(bytes, StandardCharsets.ISO_8859_1);
                long number = Long.parseLong(head.replaceFirst("(?s).*?\"slot\":(\\d+).*", "$1"));
                slots.put(sha256, SlotCodec.decode("slot", number, bytes).slot());
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** Returns the chain from the first slot to a slot, including slots that were deleted. */
    private List<String> chain(@Nullable String tip) {
        if (tip == null || tip.equals(Digest.NONE)) {
            return List.of();
        }
        List<String> known = chains.get(tip);
        if (known == null) {
            known = new ArrayList<>(chain(slots.get(tip).previous()));
            known.add(tip);
            chains.put(tip, known);
        }
        return known;
    }
}
