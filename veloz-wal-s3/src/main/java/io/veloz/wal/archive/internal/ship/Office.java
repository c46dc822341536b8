package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.ship.Term.Phase;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A writer's term of office: takes it, and puts one slot after the other, one request to the store for each {@link #step}.
 * It belongs to one thread.
 *
 * <p>Why nobody who has lost the office gets anything more into the ship log: the number of its next slot is taken by the
 * successor's EPOCH slot, which is never deleted. Why nothing that was confirmed is lost: a slot is confirmed when it
 * stands behind the tip, and every successor's EPOCH slot stands behind that. A step that fails may be repeated: whatever
 * became of a put, it is read before it is sent again.
 */
final class Office {
    private static final int FULL_PAGE = 1000;

    private final ShipLog shipLog;
    private final Author author;
    private Term term;

    Office(ShipLog shipLog, Author author, Term term) {
        this.shipLog = shipLog;
        this.author = author;
        this.term = term;
    }

    Term term() {
        return term;
    }

    Phase phase() {
        return term.phase();
    }

    Tip tip() {
        return term.tip();
    }

    /** Whose slot stands where ours should. */
    Slot winner() {
        return Objects.requireNonNull(term.winner());
    }

    /** Of this term; 0 before the claim. */
    long epoch() {
        return term.draft() != null ? term.draft().slot().epoch() : term.tip().epoch();
    }

    /** Whether there is a request to make: false in the phases CHECK, READY, FENCED and BROKEN. */
    boolean hasStep() {
        return switch (term.phase()) {
            case CHECK, READY, FENCED, BROKEN -> false;
            default -> true;
        };
    }

    /**
     * Makes one request, two if a page of the list holds no slots.
     *
     * @throws IOException if it failed: call again, after a while
     */
    void step() throws IOException {
        switch (term.phase()) {
            case FIND -> find();
            case LOOK -> look();
            case PROBE -> probe();
            case CLAIM -> put(Phase.SETTLE_CLAIM);
            case SETTLE_CLAIM -> settleClaim();
            case LIST_BEHIND -> listBehind();
            case LOOK_BEHIND -> lookBehind();
            case PUT -> put(Phase.SETTLE);
            case SETTLE -> settle();
            default -> throw new IllegalStateException("no request to make: " + term.phase());
        }
    }

    // ---- taking office

    /** Finds the highest number that is listed without reading the whole list: doubles the stride, then halves it. */
    private void find() throws StoreException {
        long low = term.low();
        long high = term.high();
        long after;
        if (high == Long.MAX_VALUE) {
            after = low + term.stride();
        } else {
            after = high - low <= FULL_PAGE ? low : low + (high - low) / 2;
        }
        List<Long> page = shipLog.page(after);
        if (!page.isEmpty()) {
            term = term.listed(page.get(page.size() - 1), page.size() < FULL_PAGE);
        } else if (after > low) {
            term = term.listedNothing(after);
        } else {
            term = low == 0 ? term.to(Phase.PROBE, Tip.NONE) : term.to(Phase.LOOK);
        }
    }

    private void look() throws IOException {
        long number = term.low();
        Optional<Decoded> slot = shipLog.slot(number);
        if (slot.isEmpty()) {
            term = Term.BEGINNING;
            throw new StoreUnavailableException(
                    shipLog.store().describe() + " lists slot " + number + " and does not have it", null);
        }
        term = term.to(Phase.PROBE, Tip.of(slot.get().slot(), slot.get().sha256()));
    }

    private void probe() throws IOException {
        Optional<Decoded> next = shipLog.slot(term.tip().number() + 1);
        term = next.isPresent()
                ? term.to(Phase.PROBE, Tip.of(next.get().slot(), next.get().sha256()))
                : term.to(Phase.CHECK);
    }

    /** Goes on to claim the office: the local log holds all that the tip says is archived. */
    void claim() {
        expect(Phase.CHECK);
        term = term.send(Phase.CLAIM, author.epoch(term.tip()));
    }

    private void settleClaim() throws IOException {
        Draft mine = draft();
        Optional<Decoded> there = shipLog.slot(mine.slot().number());
        if (there.isEmpty()) {
            absent(Phase.CLAIM);
        } else if (there.get().sha256().equals(mine.sha256())) {
            term = term.to(Phase.LIST_BEHIND);
        } else {
            // Somebody was faster. The local log is held against what is there now.
            term = term.to(Phase.PROBE, Tip.of(there.get().slot(), there.get().sha256()));
        }
    }

    /** Between the look for the tip and the claim any time may have passed, and tails behind that tip been dropped. */
    private void listBehind() throws StoreException {
        if (shipLog.page(draft().slot().number()).isEmpty()) {
            takeTip();
        } else {
            term = term.to(Phase.LOOK_BEHIND);
        }
    }

    private void lookBehind() throws IOException {
        Optional<Decoded> behind = shipLog.slot(draft().slot().number() + 1);
        if (behind.isPresent() && behind.get().slot().previous().equals(draft().sha256())) {
            term = term.lost(Phase.FENCED, behind.get().slot());
        } else {
            // The claim stands in a hole of dropped tails, where nothing will ever chain to it.
            term = Term.BEGINNING;
        }
    }

    // ---- in office

    /** Has a slot put behind the tip, in the steps that follow. */
    void put(Archived archived, Part part, byte[] content) {
        expect(Phase.READY);
        checkNotBehind(archived, term.tip().archived());
        term = term.send(Phase.PUT, author.draft(term.tip(), term.tip().epoch(), archived, part, content));
    }

    /** A slot that went back would break the proof for good: whoever came later would build on it. */
    private static void checkNotBehind(Archived archived, Archived tip) {
        boolean behind = archived.segment() < tip.segment()
                || archived.sequence() < tip.sequence()
                || (archived.segment() == tip.segment() && archived.position() < tip.position());
        if (behind) {
            throw new IllegalStateException("a slot with " + archived + " behind " + tip);
        }
    }

    private void put(Phase settle) throws StoreException {
        Draft mine = draft();
        Term before = term;
        // Whatever comes of the request, an exception above all: what stands there is read next.
        term = before.to(settle);
        if (!shipLog.put(mine.slot().number(), mine.bytes())) {
            term = before.collided(settle);
        } else if (settle == Phase.SETTLE) {
            takeTip();
        } else {
            term = before.to(Phase.LIST_BEHIND);
        }
    }

    /**
     * There is nothing where the slot should be: it is sent again. A store that refused it because something is there
     * contradicts itself, and would be asked without end and without a pause.
     */
    private void absent(Phase again) throws StoreUnavailableException {
        boolean contradicts = term.exists();
        term = term.to(again);
        if (contradicts) {
            throw new StoreUnavailableException(
                    shipLog.store().describe() + ": the put of slot "
                            + draft().slot().number() + " was refused because it exists, and a read finds none",
                    null);
        }
    }

    private void settle() throws IOException {
        Draft mine = draft();
        Optional<Decoded> there = shipLog.slot(mine.slot().number());
        if (there.isEmpty()) {
            absent(Phase.PUT);
        } else if (there.get().sha256().equals(mine.sha256())) {
            takeTip();
        } else {
            Slot other = there.get().slot();
            term = term.lost(other.epoch() > mine.slot().epoch() ? Phase.FENCED : Phase.BROKEN, other);
        }
    }

    /**
     * Looks whether another writer has taken over while there was nothing to put: makes two requests. Does so in office,
     * between two slots.
     *
     * @return false if our own last slot is missing: nothing may be put after it
     */
    boolean watch() throws IOException {
        expect(Phase.READY);
        Tip tip = term.tip();
        Optional<Decoded> next = shipLog.slot(tip.number() + 1);
        if (next.isPresent()) {
            Slot other = next.get().slot();
            term = term.lost(other.epoch() > tip.epoch() ? Phase.FENCED : Phase.BROKEN, other);
            return true;
        }
        return shipLog.has(tip.number());
    }

    private void takeTip() {
        Draft mine = draft();
        term = term.to(Phase.READY, Tip.of(mine.slot(), mine.sha256()));
    }

    private Draft draft() {
        return Objects.requireNonNull(term.draft());
    }

    private void expect(Phase phase) {
        if (term.phase() != phase) {
            throw new IllegalStateException("phase " + term.phase() + "; expected " + phase);
        }
    }
}
