package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.ship.ModelStore.Wrong;
import io.veloz.wal.archive.internal.ship.ModelWorld.Late;
import io.veloz.wal.archive.internal.ship.ModelWorld.Writer;
import io.veloz.wal.archive.internal.ship.Term.Phase;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
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
 * Goes through every world that writers of one archive can get into, breadth first: all interleavings of their requests,
 * answers that are lost, puts that arrive late or twice, crashes and restarts, stale lists, and clean-up at any moment
 * after a segment was committed. What the writers do is the product's own {@link Office}, one request per step; only the
 * store, the clean-up and time are modelled. A list may leave out everything that was put since the last clean-up, because
 * clean-up waits longer than any list is late.
 */
final class ProtocolModel {
    /** A protocol with a mistake in it, to show that the model finds mistakes. */
    enum Mistake {
        NONE,
        CLEAN_UP_DROPS_EPOCHS,
        NO_LIST_AFTER_THE_CLAIM,
        EXISTS_IS_TAKEN_FOR_MINE,
        RESENT_WITHOUT_READING
    }

    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    private static final LogIdentity IDENTITY =
            new LogIdentity("0123456789abcdef0123456789abcdef", "orders", Instant.EPOCH, 1, 1);

    private final Mistake mistake;
    private final Map<String, byte[]> contents = new HashMap<>();
    private final Map<String, Slot> slots = new HashMap<>();
    private final Map<String, List<String>> chains = new HashMap<>();
    private final Set<List<Object>> seen = new HashSet<>();
    private final Deque<ModelWorld> open = new ArrayDeque<>();
    private final Set<Phase> phases = new HashSet<>();
    private long transitions;
    private @Nullable String found;

    ProtocolModel(Mistake mistake) {
        this.mistake = mistake;
    }

    /** Visits all worlds, or stops at the first that must not be; returns what is wrong with it, null if nothing is. */
    @Nullable
    String check(ModelWorld start) {
        visit(start, start);
        while (!open.isEmpty() && found == null) {
            ModelWorld world = open.remove();
            for (int i = 0; i < world.writers.size(); i++) {
                stepsOf(world, i);
            }
            for (int i = 0; i < world.late.size(); i++) {
                int index = i;
                branch(world, next -> {
                    Late late = next.late.remove(index);
                    ModelStore.arrive(next, late.number(), late.sha256());
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

    Set<Phase> phases() {
        return phases;
    }

    // ---- what may happen

    private void stepsOf(ModelWorld world, int index) {
        Writer writer = world.writers.get(index);
        Phase phase = writer.term.phase();
        if (world.budget.crashes > 0) {
            branch(world, next -> {
                next.budget.crashes--;
                Writer restarted = next.writers.get(index);
                restarted.life++;
                restarted.term = Term.BEGINNING;
            });
        }
        if (!office(world, writer, Wrong.NOTHING).hasStep()) {
            return;
        }
        branch(world, next -> step(next, index, Wrong.NOTHING));
        boolean put = phase == Phase.CLAIM || phase == Phase.PUT;
        if (put && world.budget.lost > 0) {
            branch(world, next -> {
                next.budget.lost--;
                step(next, index, Wrong.ANSWER_LOST);
            });
        }
        if (put && world.budget.late > 0) {
            for (Wrong wrong : List.of(Wrong.LATE, Wrong.TWICE)) {
                branch(world, next -> {
                    next.budget.late--;
                    step(next, index, wrong);
                });
            }
        }
        if (phase == Phase.FIND && world.budget.stale > 0 && !world.unsettled.isEmpty()) {
            branch(world, next -> {
                next.budget.stale--;
                step(next, index, Wrong.STALE);
            });
        }
    }

    private Office office(ModelWorld world, Writer writer, Wrong wrong) {
        ModelStore store = new ModelStore(world, contents, wrong);
        String id = String.format(Locale.ROOT, "%016x%016x", writer.index + 1, writer.life + 1);
        return new Office(new ShipLog(store), new Author(IDENTITY, id, "host", CLOCK), writer.term);
    }

    private void step(ModelWorld world, int index, Wrong wrong) {
        Writer writer = world.writers.get(index);
        Office office = office(world, writer, wrong);
        Phase before = office.phase();
        try {
            if (before == Phase.LIST_BEHIND && mistake == Mistake.NO_LIST_AFTER_THE_CLAIM) {
                Draft claim = writer.term.draft();
                writer.term = writer.term.to(Phase.READY, Tip.of(claim.slot(), claim.sha256()));
                office = office(world, writer, wrong);
            } else {
                office.step();
            }
        } catch (StoreUnavailableException e) {
            if (before == Phase.PUT && mistake == Mistake.RESENT_WITHOUT_READING) {
                writer.term = office.term().to(Phase.PUT);
                return;
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        writer.term = office.term();
        if (before == Phase.PUT && writer.term.phase() == Phase.SETTLE && wrong == Wrong.NOTHING) {
            collided(writer);
        }
        if (writer.term.phase() == Phase.READY) {
            world.confirmed.add(writer.term.tip().sha256());
            if (before == Phase.PUT || before == Phase.SETTLE) {
                writer.next++;
            }
        }
        goOn(world, writer);
    }

    private void collided(Writer writer) {
        if (mistake == Mistake.EXISTS_IS_TAKEN_FOR_MINE) {
            Draft mine = writer.term.draft();
            writer.term = writer.term.to(Phase.READY, Tip.of(mine.slot(), mine.sha256()));
        } else if (mistake == Mistake.RESENT_WITHOUT_READING) {
            writer.term = writer.term.lost(Phase.FENCED, writer.term.draft().slot());
        }
    }

    /** What a writer does without a request. Every local log is taken to hold what the tip says. */
    private void goOn(ModelWorld world, Writer writer) {
        Office office = office(world, writer, Wrong.NOTHING);
        if (office.phase() == Phase.CHECK) {
            office.claim();
        } else if (office.phase() == Phase.READY && writer.next < writer.script.length()) {
            Archived end = office.tip().archived();
            long sequence = end.sequence() + 1;
            if (writer.script.charAt(writer.next) == 'T') {
                byte[] content = {1};
                Archived after = new Archived(1, sequence, sequence);
                office.put(after, new Tail(1, sequence - 1, sequence, sequence, sequence, Digest.of(content)), content);
            } else {
                long last = Math.max(1, end.sequence());
                office.put(
                        end,
                        new Segment(1, "key", 1, Digest.NONE, 1, Digest.NONE, 1, 1, last, last, 0, 0),
                        new byte[0]);
            }
        }
        writer.term = office.term();
    }

    /** Whoever knows of a committed segment drops the tails before it. */
    private void cleanUps(ModelWorld world) {
        if (world.budget.cleanUps == 0) {
            return;
        }
        for (String sha256 : chain(world.tip())) {
            Slot segment = slots.get(sha256);
            if (segment.part() instanceof Segment) {
                branch(world, next -> {
                    next.budget.cleanUps--;
                    next.store
                            .entrySet()
                            .removeIf(each -> each.getKey() < segment.number() && isDropped(each.getValue()));
                    next.unsettled.removeIf(number -> number <= segment.number());
                });
            }
        }
    }

    private boolean isDropped(String sha256) {
        Slot slot = slots.get(sha256);
        boolean epoch = slot.part() instanceof Slot.Epoch && mistake == Mistake.CLEAN_UP_DROPS_EPOCHS;
        return slot.part() instanceof Tail || epoch;
    }

    private void branch(ModelWorld world, Consumer<ModelWorld> change) {
        if (found != null) {
            return;
        }
        ModelWorld next = world.copy();
        change.accept(next);
        transitions++;
        visit(world, next);
    }

    // ---- what must hold

    private void visit(ModelWorld before, ModelWorld world) {
        if (!seen.add(world.key())) {
            return;
        }
        world.store.values().forEach(this::read);
        world.writers.forEach(writer -> phases.add(writer.term.phase()));
        found = wrongWith(before, world);
        open.add(world);
    }

    private void read(String sha256) {
        if (!slots.containsKey(sha256)) {
            try {
                byte[] bytes = contents.get(sha256);
                long number = numberOf(bytes);
                slots.put(sha256, SlotCodec.decode("slot", number, bytes).slot());
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static long numberOf(byte[] slot) {
        String head = new String(slot, java.nio.charset.StandardCharsets.ISO_8859_1);
        return Long.parseLong(head.replaceFirst("(?s).*?\"slot\":(\\d+).*", "$1"));
    }

    /** From the first slot to one. Slots that were dropped are in it: the model forgets none. */
    private List<String> chain(@Nullable String tip) {
        if (tip == null || tip.equals(Digest.NONE)) {
            return List.of();
        }
        List<String> known = chains.get(tip);
        if (known == null) {
            known = new ArrayList<>(
                    slots.containsKey(tip) ? chain(slots.get(tip).previous()) : List.of());
            known.add(tip);
            chains.put(tip, known);
        }
        return known;
    }

    private @Nullable String wrongWith(ModelWorld before, ModelWorld world) {
        List<String> chain = chain(world.tip());
        List<String> old = chain(before.tip());
        if (chain.size() < old.size() || !chain.subList(0, old.size()).equals(old)) {
            return "the chain does not go on where it ended";
        }
        if (!chain.containsAll(world.confirmed)) {
            return "what was confirmed is not in the chain";
        }
        String author = "";
        long segmentsUpTo = chain.stream()
                .map(slots::get)
                .filter(slot -> slot.part() instanceof Segment)
                .mapToLong(Slot::number)
                .max()
                .orElse(0);
        for (String sha256 : chain) {
            Slot slot = slots.get(sha256);
            author = slot.part() instanceof Slot.Epoch ? slot.writer() : author;
            if (!slot.writer().equals(author)) {
                return "slot " + slot.number() + " is of a writer that was out of office";
            }
            // Of the mistake to drop epochs the consequence is to be seen, not the mistake itself.
            boolean dropped = isDropped(sha256) && slot.number() <= segmentsUpTo;
            boolean needed = !dropped;
            if (needed && !sha256.equals(world.store.get(slot.number()))) {
                return "slot " + slot.number() + " is missing, or was replaced";
            }
        }
        return world.writers.stream()
                .map(writer -> wrongWith(writer, chain))
                .filter(java.util.Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    private @Nullable String wrongWith(Writer writer, List<String> chain) {
        if (writer.term.phase() == Phase.BROKEN) {
            return "a writer finds a slot that nobody can have put there";
        }
        if (writer.term.phase() == Phase.FENCED
                && writer.term.winner().epoch() <= writer.term.draft().slot().epoch()) {
            return "a writer is told that it lost to itself";
        }
        return null;
    }
}
