package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.DirectoryState;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.SummaryContent;
import io.veloz.wal.archive.internal.format.SummaryContent.Entry;
import io.veloz.wal.archive.internal.ship.ModelStore.RequestFault;
import io.veloz.wal.archive.internal.ship.ModelWorld.Late;
import io.veloz.wal.archive.internal.ship.ModelWorld.Writer;
import io.veloz.wal.archive.internal.ship.WriterState.Draft;
import io.veloz.wal.archive.internal.ship.WriterState.Phase;
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
 * A model checker: visits, breadth first, every state that writers of one archive can reach. It covers all interleavings of
 * requests, lost responses, puts that arrive late or twice, crashes and restarts, stale lists, and clean-up at any time after
 * a segment was committed. The writers are the real {@link SlotWriter}, with one request per step. Only the store, the
 * clean-up and time are modelled. A list may omit all slots that were put since the last clean-up, because clean-up waits
 * longer than a list can be stale.
 */
final class ProtocolModel {
    /** A mistake in the protocol, to show that the model detects it. */
    enum Mistake {
        NONE,
        CLEAN_UP_DELETES_EPOCHS,
        NO_LIST_AFTER_CLAIM,
        EXISTING_SLOT_TREATED_AS_OURS,
        PUT_AGAIN_WITHOUT_READING,
        SUMMARY_FROM_A_LIST,
        SUMMARY_FROM_MEMORY,
        SINCE_OF_AN_EARLIER_TIP,
        WRITER_RECORDED_AFTER_THE_PUT,
        NEW_WRITER_RECORDED_ALONE,
        INSTANCE_COMPARED_ALONE,
        HEDGE_WITH_OTHER_BYTES,
        REFUSED_HEDGE_TREATED_AS_OURS,
        REFUSED_HEDGE_TREATED_AS_FENCED,
        NEXT_SLOT_WHILE_BOTH_COPIES_ARE_SILENT
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
    private @Nullable String unreadable;

    ProtocolModel(Mistake mistake) {
        this.mistake = mistake;
    }

    /** Visits all worlds until one violates an invariant. Returns the violation; null if there is none. */
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
            copyDirectory(world);
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

    // ---- transitions

    private void stepsOf(ModelWorld world, int index) {
        Writer writer = world.writers.get(index);
        Phase phase = writer.state.phase();
        if (world.budget.crashes > 0) {
            branch(world, next -> {
                next.budget.crashes--;
                Writer restarted = next.writers.get(index);
                restarted.life++;
                restarted.refused = false;
                restarted.state = WriterState.INITIAL;
            });
        }
        boolean exists = writer.directory < world.directories.size();
        if (!exists
                || writer.refused
                || !slotWriter(world, writer, RequestFault.NONE).hasStep()) {
            return;
        }
        branch(world, next -> step(next, index, RequestFault.NONE));
        boolean put = phase == Phase.CLAIM || phase == Phase.PUT;
        if (put && world.budget.lost > 0) {
            branch(world, next -> {
                next.budget.lost--;
                step(next, index, RequestFault.RESPONSE_LOST);
            });
        }
        if (put && world.budget.late > 0) {
            for (RequestFault fault : List.of(RequestFault.LATE, RequestFault.TWICE)) {
                branch(world, next -> {
                    next.budget.late--;
                    step(next, index, fault);
                });
            }
        }
        if (put && world.budget.hedges > 0) {
            for (RequestFault fault : RequestFault.values()) {
                if (fault.isHedge()) {
                    branch(world, next -> {
                        next.budget.hedges--;
                        step(next, index, fault);
                    });
                }
            }
        }
        if (phase == Phase.FIND_TIP && world.budget.stale > 0 && !world.unsettled.isEmpty()) {
            branch(world, next -> {
                next.budget.stale--;
                step(next, index, RequestFault.STALE);
            });
        }
    }

    private SlotWriter slotWriter(ModelWorld world, Writer writer, RequestFault fault) {
        ModelStore store = new ModelStore(world, contents, fault);
        return new SlotWriter(new ShipLog(store), IDENTITY, id(writer), "ab".repeat(16), "host", CLOCK, writer.state);
    }

    private static String id(Writer writer) {
        return String.format(Locale.ROOT, "%016x%016x", writer.index + 1, writer.life + 1);
    }

    private void copyDirectory(ModelWorld world) {
        if (world.budget.directoryCopies > 0) {
            branch(world, next -> {
                next.budget.directoryCopies--;
                next.directories.add(next.directories.get(0));
            });
        }
    }

    private void step(ModelWorld world, int index, RequestFault fault) {
        Writer writer = world.writers.get(index);
        SlotWriter protocol = slotWriter(world, writer, fault);
        Phase before = protocol.phase();
        try {
            if (before == Phase.LIST_AFTER_CLAIM && mistake == Mistake.NO_LIST_AFTER_CLAIM) {
                Draft claim = writer.state.draft();
                writer.state = writer.state.to(Phase.READY, writer.state.tip().next(claim.slot(), claim.sha256()));
                protocol = slotWriter(world, writer, fault);
            } else {
                protocol.step();
            }
        } catch (StoreUnavailableException e) {
            if (before == Phase.PUT && mistake == Mistake.PUT_AGAIN_WITHOUT_READING) {
                writer.state = protocol.state().to(Phase.PUT);
                return;
            }
        } catch (BadObjectException e) {
            unreadable = e.getMessage();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        if (mistake == Mistake.SINCE_OF_AN_EARLIER_TIP
                && before == Phase.RESOLVE_CLAIM
                && protocol.phase() == Phase.PROBE) {
            WriterState lost = protocol.state();
            writer.state =
                    lost.to(Phase.PROBE, lost.tip().withKept(writer.state.tip().keptSlot()));
            return;
        }
        writer.state = protocol.state();
        if (before == Phase.PUT && writer.state.phase() == Phase.RESOLVE && fault == RequestFault.NONE) {
            collided(writer);
        } else if (before == Phase.PUT && writer.state.phase() == Phase.RESOLVE && fault.isHedge()) {
            hedged(writer, fault);
        }
        if (writer.state.phase() == Phase.READY) {
            world.confirmed.add(writer.state.tip().sha256());
            DirectoryState directory = world.directories.get(writer.directory);
            world.directories.set(
                    writer.directory,
                    directory.confirming(id(writer), writer.state.tip().kept()));
            if (before == Phase.PUT || before == Phase.RESOLVE) {
                writer.next++;
            }
        }
        proceed(world, writer);
    }

    private void collided(Writer writer) {
        if (mistake == Mistake.EXISTING_SLOT_TREATED_AS_OURS) {
            Draft ours = writer.state.draft();
            writer.state = writer.state.to(Phase.READY, writer.state.tip().next(ours.slot(), ours.sha256()));
        } else if (mistake == Mistake.PUT_AGAIN_WITHOUT_READING) {
            writer.state = writer.state.lost(Phase.FENCED, writer.state.draft().slot());
        }
    }

    /** A hedge was refused, or neither copy was answered. */
    private void hedged(Writer writer, RequestFault fault) {
        Draft ours = writer.state.draft();
        boolean refused = writer.state.exists();
        boolean confirms = refused
                ? mistake == Mistake.REFUSED_HEDGE_TREATED_AS_OURS
                : mistake == Mistake.NEXT_SLOT_WHILE_BOTH_COPIES_ARE_SILENT;
        if (confirms) {
            writer.state = writer.state.to(Phase.READY, writer.state.tip().next(ours.slot(), ours.sha256()));
        } else if (refused && mistake == Mistake.REFUSED_HEDGE_TREATED_AS_FENCED) {
            writer.state = writer.state.lost(Phase.FENCED, ours.slot());
        } else if (fault == RequestFault.HEDGE_REFUSED && mistake == Mistake.HEDGE_WITH_OTHER_BYTES) {
            // The copy that is stored has other bytes than the one that was sent last, with which it is compared.
            writer.state = writer.state.send(Phase.RESOLVE, writtenLater(ours));
        }
    }

    private Draft writtenLater(Draft draft) {
        Slot slot = draft.slot();
        Slot later = new Slot(
                slot.logId(),
                slot.origin(),
                slot.number(),
                slot.epoch(),
                slot.writer(),
                slot.host(),
                slot.written().plusSeconds(1),
                slot.previous(),
                slot.kept(),
                slot.archived(),
                slot.part(),
                slot.instance(),
                slot.chain());
        byte[] content = slot.part() instanceof Tail ? new byte[] {1} : new byte[0];
        return new Draft(later, SlotCodec.encode(later, content));
    }

    /** Does what a writer does without a request. Every local log contains what the tip states. */
    private void proceed(ModelWorld world, Writer writer) {
        SlotWriter protocol = slotWriter(world, writer, RequestFault.NONE);
        if (protocol.phase() == Phase.CHECK) {
            if (world.directories.get(writer.directory).kept().number()
                    > protocol.tip().number()) {
                // The tip is a stray.
                writer.state = WriterState.INITIAL;
                return;
            }
            if (mayShip(world, writer, protocol.tip().slot())) {
                protocol.claim(new Epoch(IDENTITY.text()));
            } else {
                writer.refused = true;
            }
        } else if (protocol.phase() == Phase.READY && writer.next < writer.script.length()) {
            Archived end = protocol.tip().archived();
            long sequence = end.sequence() + 1;
            char kind = writer.script.charAt(writer.next);
            if (kind == 'T') {
                byte[] content = {1};
                Archived after = new Archived(1, sequence, sequence);
                protocol.put(
                        after, new Tail(1, sequence - 1, sequence, sequence, sequence, Digest.of(content)), content);
            } else if (kind == 'M') {
                Summarizer.Next summary = summary(world, writer);
                protocol.put(end, summary.part(), summary.content());
            } else {
                long last = Math.max(1, end.sequence());
                protocol.put(
                        end,
                        new Segment(1, new StoredFile("key", 1, Digest.NONE, 1, Digest.NONE), 1, 1, last, last, 0, 0),
                        new byte[0]);
            }
        }
        writer.state = protocol.state();
    }

    /** Does what {@link ShippingRight} does: a directory continues only after its own epochs, and records the writer before. */
    private boolean mayShip(ModelWorld world, Writer writer, @Nullable Slot tip) {
        DirectoryState directory = world.directories.get(writer.directory);
        boolean isOurs =
                tip == null || directory.writers().contains(tip.writer()) || mistake == Mistake.INSTANCE_COMPARED_ALONE;
        if (isOurs && mistake == Mistake.NEW_WRITER_RECORDED_ALONE) {
            world.directories.set(
                    writer.directory,
                    new DirectoryState(directory.instance(), List.of(id(writer)), directory.kept(), 0));
        } else if (isOurs && mistake != Mistake.WRITER_RECORDED_AFTER_THE_PUT) {
            world.directories.set(writer.directory, directory.adding(id(writer)));
        }
        return isOurs;
    }

    /**
     * Collects all slots of a summary in one step. Their order does not matter: they are read by digest and are never
     * deleted, so every interleaving reads the same bytes.
     */
    private Summarizer.Next summary(ModelWorld world, Writer writer) {
        ShipLog log = new ShipLog(new ModelStore(world, contents, RequestFault.NONE));
        Summarizer summarizer = Summarizer.at(log, Summarizer.FAN_OUT, writer.state.tip());
        try {
            while (summarizer.hasStep()) {
                summarizer.step();
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        Summarizer.Next next = summarizer.next();
        world.store.values().forEach(this::read);
        if (mistake == Mistake.SUMMARY_FROM_A_LIST) {
            return summary(next, new ArrayList<>(world.store.values()));
        } else if (mistake == Mistake.SUMMARY_FROM_MEMORY) {
            String own = writer.state.tip().slot().writer();
            List<String> put = chain(writer.state.tip().sha256()).stream()
                    .filter(sha256 -> slots.get(sha256).writer().equals(own))
                    .toList();
            return summary(next, put);
        }
        return next;
    }

    /** Returns a summary whose range is collected from other slots. */
    private Summarizer.Next summary(Summarizer.Next right, List<String> from) {
        List<Entry> entries = new ArrayList<>();
        for (String sha256 : from) {
            Slot slot = slots.get(sha256);
            boolean inRange = slot.number() >= right.part().from()
                    && slot.number() <= right.part().to().number();
            if (slot.isKept() && inRange) {
                entries.add(Entry.of(new SlotRef(slot.number(), sha256), slot));
            }
        }
        byte[] content = new SummaryContent(List.of(), entries).encode();
        Summary part = new Summary(
                1,
                right.part().before(),
                entries.get(0).slot().number(),
                right.part().to(),
                entries.size(),
                right.part().sequence(),
                content.length,
                Digest.of(content));
        return new Summarizer.Next(part, content);
    }

    /** A writer that knows of a committed segment deletes the tails before it. */
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
                            .removeIf(each -> each.getKey() < segment.number() && isDeleted(each.getValue()));
                    next.unsettled.removeIf(number -> number <= segment.number());
                });
            }
        }
    }

    private boolean isDeleted(String sha256) {
        Slot slot = slots.get(sha256);
        boolean epoch = slot.part() instanceof Slot.Epoch && mistake == Mistake.CLEAN_UP_DELETES_EPOCHS;
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

    // ---- invariants

    private void visit(ModelWorld before, ModelWorld world) {
        if (!seen.add(world.key())) {
            return;
        }
        world.store.values().forEach(this::read);
        world.writers.forEach(writer -> phases.add(writer.state.phase()));
        found = violation(before, world);
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

    /** Returns the chain from the first slot to a slot, including slots that were deleted. */
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

    private @Nullable String violation(ModelWorld before, ModelWorld world) {
        if (unreadable != null) {
            return "a writer cannot read the chain: " + unreadable;
        }
        List<String> chain = chain(world.tip());
        List<String> old = chain(before.tip());
        if (chain.size() < old.size() || !chain.subList(0, old.size()).equals(old)) {
            return "the chain does not continue at its end";
        }
        if (!chain.containsAll(world.confirmed)) {
            return "a confirmed slot is not in the chain";
        }
        String broken = brokenSummary(chain);
        if (broken != null) {
            return broken;
        }
        String shipped = wrongDirectory(world, chain);
        if (shipped != null) {
            return shipped;
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
                return "slot " + slot.number() + " is of a fenced writer";
            }
            // If clean-up deletes epochs by mistake, the model has to detect the consequence, not the deletion.
            boolean deleted = isDeleted(sha256) && slot.number() <= segmentsUpTo;
            boolean needed = !deleted;
            if (needed && !sha256.equals(world.store.get(slot.number()))) {
                return "slot " + slot.number() + " is missing, or was replaced";
            }
        }
        return world.writers.stream()
                .map(writer -> violation(writer, chain))
                .filter(java.util.Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    /** Every kept slot names the kept slots before it, from the last SUMMARY on, and a SUMMARY contains those. */
    private @Nullable String brokenSummary(List<String> chain) {
        List<SlotRef> since = new ArrayList<>();
        for (String sha256 : chain) {
            Slot slot = slots.get(sha256);
            if (!slot.isKept()) {
                continue;
            }
            if (!slot.chainState().since().equals(since)) {
                return "slot " + slot.number() + " does not name the kept slots before it";
            }
            if (slot.part() instanceof Summary) {
                if (!summarized(slot, sha256).equals(since)) {
                    return "summary " + slot.number() + " does not contain the kept slots before it";
                }
                since = new ArrayList<>();
            }
            since.add(new SlotRef(slot.number(), sha256));
        }
        return null;
    }

    /** A directory that was never copied is never refused, and a copied one takes over at most once. */
    private @Nullable String wrongDirectory(ModelWorld world, List<String> chain) {
        int switches = 0;
        int last = 0;
        for (String sha256 : chain) {
            Slot slot = slots.get(sha256);
            if (slot.part() instanceof Epoch) {
                int index = Integer.parseInt(slot.writer().substring(0, 16), 16) - 1;
                int directory = world.writers.get(index).directory;
                switches += directory == last ? 0 : 1;
                last = directory;
            }
        }
        if (switches > 1) {
            return "two directories acquire epochs in turn";
        }
        boolean isCopied = world.directories.size() > 1;
        return !isCopied && world.writers.stream().anyMatch(writer -> writer.refused)
                ? "a directory is locked out of its archive"
                : null;
    }

    private List<SlotRef> summarized(Slot slot, String sha256) {
        try {
            byte[] content = SlotCodec.decode("slot", slot.number(), contents.get(sha256))
                    .content();
            return SummaryContent.decode("slot", (Summary) slot.part(), content).entries().stream()
                    .map(Entry::slot)
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private @Nullable String violation(Writer writer, List<String> chain) {
        if (writer.state.phase() == Phase.BROKEN) {
            return "a writer reports a slot that no writer can have put";
        }
        if (writer.state.phase() == Phase.FENCED
                && writer.state.winner().epoch() <= writer.state.draft().slot().epoch()) {
            return "a writer is fenced by its own epoch";
        }
        return null;
    }
}
