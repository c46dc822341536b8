package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.format.Witness;
import io.veloz.wal.archive.internal.ship.WriterState.Draft;
import io.veloz.wal.archive.internal.ship.WriterState.Phase;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Acquires the next epoch of an archive, then puts one slot after another. Each {@link #step} makes one request to the store.
 * An instance is confined to one thread.
 *
 * <p>Two properties of the protocol:
 *
 * <ul>
 *   <li>A fenced writer adds nothing to the ship log. The EPOCH slot of its successor has the number of its next slot, and is
 *       never deleted.
 *   <li>A confirmed slot is not lost. A slot is confirmed when it follows the tip, and the EPOCH slot of every successor
 *       follows the confirmed slot.
 * </ul>
 *
 * <p>A step that fails can be repeated. If the outcome of a put is unknown, the slot is read before it is put again.
 */
final class SlotWriter {
    private static final int FULL_PAGE = 1000;
    private static final int ID_BYTES = 16;
    private static final byte[] NO_CONTENT = new byte[0];

    private final ShipLog shipLog;
    private final LogIdentity identity;
    private final String id;
    private String instance;
    private final String host;
    private final Clock clock;
    private WriterState state;

    /**
     * @param id 32 hex digits, unique among all writers
     * @param instance 32 hex digits, unique among all directories of the log
     * @param host informational
     * @param clock for the times in slots, which are informational
     */
    SlotWriter(
            ShipLog shipLog,
            LogIdentity identity,
            String id,
            String instance,
            String host,
            Clock clock,
            WriterState state) {
        this.shipLog = shipLog;
        this.identity = identity;
        this.id = id;
        this.instance = instance;
        this.host = host;
        this.clock = clock;
        this.state = state;
    }

    /**
     * Returns a writer with a random id that has made no request.
     *
     * @param hint the slot with which the search for the tip begins; 0 for none
     */
    static SlotWriter create(ShipLog shipLog, LogIdentity identity, String instance, Clock clock, long hint) {
        WriterState state = WriterState.searchFrom(hint);
        return new SlotWriter(shipLog, identity, randomId(), instance, hostName(), clock, state);
    }

    static String randomId() {
        byte[] id = new byte[ID_BYTES];
        new SecureRandom().nextBytes(id);
        return HexFormat.of().formatHex(id);
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    WriterState state() {
        return state;
    }

    Phase phase() {
        return state.phase();
    }

    Tip tip() {
        return state.tip();
    }

    /** Returns the slot of another writer that has the number of our next slot, in the phases FENCED and BROKEN. */
    Slot winner() {
        return Objects.requireNonNull(state.winner());
    }

    String id() {
        return id;
    }

    /** Returns the epoch of this writer; 0 before the claim. */
    long epoch() {
        return state.draft() != null
                ? state.draft().slot().epoch()
                : state.tip().epoch();
    }

    /** Returns whether {@link #step} has a request to make: false in the phases CHECK, READY, FENCED and BROKEN. */
    boolean hasStep() {
        return switch (state.phase()) {
            case CHECK, READY, FENCED, BROKEN -> false;
            default -> true;
        };
    }

    /**
     * Makes one request, or more if a page of the list contains no slots.
     *
     * @throws IOException if the request failed; call again after a delay
     */
    void step() throws IOException {
        switch (state.phase()) {
            case FIND_TIP -> findTip();
            case READ_TIP -> readTip();
            case PROBE -> probe();
            case READ_KEPT -> readKept();
            case CLAIM -> put(Phase.RESOLVE_CLAIM);
            case RESOLVE_CLAIM -> resolveClaim();
            case LIST_AFTER_CLAIM -> listAfterClaim();
            case READ_AFTER_CLAIM -> readAfterClaim();
            case PUT -> put(Phase.RESOLVE);
            case RESOLVE -> resolve();
            default -> throw new IllegalStateException("no request to make in phase " + state.phase());
        }
    }

    // ---- acquiring the epoch

    /** Finds the highest number that is listed without reading the whole list: doubles the stride, then bisects. */
    private void findTip() throws StoreException {
        long low = state.low();
        long high = state.high();
        long after;
        if (high == Long.MAX_VALUE) {
            after = low + state.stride();
        } else {
            after = high - low <= FULL_PAGE ? low : low + (high - low) / 2;
        }
        List<Long> page = shipLog.page(after);
        if (!page.isEmpty()) {
            state = state.listed(page.get(page.size() - 1), page.size() < FULL_PAGE);
        } else if (after > low) {
            state = state.listedNothing(after);
        } else {
            state = low == 0 ? state.to(Phase.PROBE, Tip.NONE) : state.to(Phase.READ_TIP);
        }
    }

    private void readTip() throws IOException {
        long number = state.low();
        Optional<Decoded> slot = shipLog.slot(number);
        if (slot.isEmpty()) {
            state = WriterState.INITIAL;
            throw new StoreUnavailableException(
                    shipLog.store().describe() + ": slot " + number
                            + " was listed, or confirmed to this directory, but a read does not find it",
                    null);
        }
        state = state.to(Phase.PROBE, tip(slot.get()));
    }

    private void probe() throws IOException {
        Optional<Decoded> next = shipLog.slot(state.tip().number() + 1);
        if (next.isPresent()) {
            state = state.to(Phase.PROBE, tip(next.get()));
        } else {
            state = state.to(state.tip().needsKept() ? Phase.READ_KEPT : Phase.CHECK);
        }
    }

    private void readKept() throws IOException {
        Tip tip = state.tip();
        state = state.to(Phase.CHECK, tip.withKept(shipLog.kept(tip.kept())));
    }

    private static Tip tip(Decoded slot) {
        return Tip.of(slot.slot(), slot.sha256());
    }

    /** Does the same as {@link #claim(Slot.Epoch)}, from the directory with this instance. */
    void claim(Slot.Epoch epoch, String directory) {
        instance = directory;
        claim(epoch);
    }

    /** Continues with the claim of the next epoch. The caller has checked that the local log contains what the tip states. */
    void claim(Slot.Epoch epoch) {
        expect(Phase.CHECK);
        Tip tip = state.tip();
        state = state.send(Phase.CLAIM, draft(tip, tip.epoch() + 1, tip.archived(), epoch, NO_CONTENT));
    }

    private void resolveClaim() throws IOException {
        Draft ours = draft();
        Optional<Decoded> found = shipLog.slot(ours.slot().number());
        if (found.isEmpty()) {
            putAgain(Phase.CLAIM);
        } else if (found.get().sha256().equals(ours.sha256())) {
            state = state.to(Phase.LIST_AFTER_CLAIM);
        } else {
            // Another writer was faster. The local log has to be compared with its slot next.
            state = state.to(Phase.PROBE, tip(found.get()));
        }
    }

    /** Lists slots after the claim: time has passed since the search for the tip, and tails after it may have been deleted. */
    private void listAfterClaim() throws StoreException {
        if (shipLog.page(draft().slot().number()).isEmpty()) {
            confirm();
        } else {
            state = state.to(Phase.READ_AFTER_CLAIM);
        }
    }

    private void readAfterClaim() throws IOException {
        Optional<Decoded> next = shipLog.slot(draft().slot().number() + 1);
        if (next.isPresent() && next.get().slot().previous().equals(draft().sha256())) {
            state = state.lost(Phase.FENCED, next.get().slot());
        } else {
            // The claim has the number of a tail that was deleted, so no slot will ever follow it.
            state = WriterState.INITIAL;
        }
    }

    // ---- putting slots

    /** Starts to put a slot after the tip. The following steps make the requests. */
    void put(Archived archived, Part part, byte[] content) {
        expect(Phase.READY);
        Tip tip = state.tip();
        checkAdvances(archived, tip.archived());
        state = state.send(Phase.PUT, draft(tip, tip.epoch(), archived, part, content));
    }

    /** A slot that moves the end of the archive backwards would break the chain permanently: successors would build on it. */
    private static void checkAdvances(Archived archived, Archived tip) {
        boolean backwards = archived.segment() < tip.segment()
                || archived.sequence() < tip.sequence()
                || (archived.segment() == tip.segment() && archived.position() < tip.position());
        if (backwards) {
            throw new IllegalStateException("a slot with " + archived + " after a tip with " + tip);
        }
    }

    private Draft draft(Tip tip, long epoch, Archived archived, Part part, byte[] content) {
        DataKey key = part instanceof Tail ? shipLog.keys().next() : null;
        Slot slot = new Slot(
                identity.logId(),
                identity.origin(),
                tip.number() + 1,
                epoch,
                id,
                host,
                clock.instant().truncatedTo(ChronoUnit.MILLIS),
                tip.sha256(),
                tip.kept(),
                archived,
                key == null ? part : encrypted((Tail) part, key, content),
                instance,
                part instanceof Tail || part instanceof Beat ? null : tip.chainWith(part));
        // Encoded once: every attempt sends the same bytes, as the data key must not encrypt others.
        return new Draft(slot, SlotCodec.encode(slot, content, key));
    }

    private static Tail encrypted(Tail tail, DataKey key, byte[] content) {
        ContentDigest digest = key.digest();
        digest.update(content, 0, content.length);
        return tail.stored(digest.hex(), key.encryption());
    }

    private void put(Phase resolve) throws StoreException {
        Draft ours = draft();
        WriterState before = state;
        // Set before the request: if it throws, its outcome is unknown, and the next step reads the slot.
        state = before.to(resolve);
        if (!shipLog.put(ours.slot().number(), ours.bytes())) {
            state = before.collided(resolve);
        } else if (resolve == Phase.RESOLVE) {
            confirm();
        } else {
            state = before.to(Phase.LIST_AFTER_CLAIM);
        }
    }

    /**
     * The slot does not exist, so it is put again. If the store refused the put because the slot exists, it contradicts
     * itself. That is a failure, because a retry without backoff would not end.
     */
    private void putAgain(Phase phase) throws StoreUnavailableException {
        boolean contradicts = state.exists();
        state = state.to(phase);
        if (contradicts) {
            throw new StoreUnavailableException(
                    shipLog.store().describe() + ": the put of slot "
                            + draft().slot().number() + " was refused because it exists, but a read does not find it",
                    null);
        }
    }

    private void resolve() throws IOException {
        Draft ours = draft();
        Optional<Decoded> found = shipLog.slot(ours.slot().number());
        if (found.isEmpty()) {
            putAgain(Phase.PUT);
        } else if (found.get().sha256().equals(ours.sha256())) {
            confirm();
        } else {
            Slot other = found.get().slot();
            state = state.lost(other.epoch() > ours.slot().epoch() ? Phase.FENCED : Phase.BROKEN, other);
        }
    }

    /**
     * Checks, between two slots, whether another writer has acquired a later epoch. Makes one or two requests.
     *
     * @return false if our own last slot is missing: then no slot may be put after it
     */
    boolean checkFence() throws IOException {
        expect(Phase.READY);
        Tip tip = state.tip();
        Optional<Decoded> next = shipLog.slot(tip.number() + 1);
        if (next.isPresent()) {
            Slot other = next.get().slot();
            state = state.lost(other.epoch() > tip.epoch() ? Phase.FENCED : Phase.BROKEN, other);
            return true;
        }
        return shipLog.has(tip.number());
    }

    /** Returns what this writer states about the end of the ship log outside of it. */
    Witness witness(Witness.Kind kind) {
        expect(Phase.READY);
        Tip tip = state.tip();
        return new Witness(
                kind,
                identity.logId(),
                identity.origin(),
                identity.text(),
                tip.epoch(),
                id,
                host,
                clock.instant().truncatedTo(ChronoUnit.MILLIS),
                new SlotRef(tip.number(), tip.sha256()),
                tip.kept(),
                tip.archived());
    }

    private void confirm() {
        Draft ours = draft();
        state = state.to(Phase.READY, state.tip().next(ours.slot(), ours.sha256()));
    }

    private Draft draft() {
        return Objects.requireNonNull(state.draft());
    }

    private void expect(Phase phase) {
        if (state.phase() != phase) {
            throw new IllegalStateException("phase " + state.phase() + "; expected " + phase);
        }
    }
}
