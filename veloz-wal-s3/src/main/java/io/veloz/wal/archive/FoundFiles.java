package io.veloz.wal.archive;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.crypt.MissingKeyException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys.SegmentKey;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Restated;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Copies the intact files of a log from an archive to a directory, without relying on the chain of slots. A file is copied
 * unless another version contradicts it. An instance is confined to one thread.
 */
final class FoundFiles {
    /** The directory in which a file is checked. */
    static final String CANDIDATE = "candidate";

    private final ObjectStore store;
    private final ShipLog log;
    private final Retries retries;
    private final ObjectFiles objects;
    private final Path directory;
    private final Path candidate;
    private final WalProgress progress;
    private final List<Problem> problems = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /** The incomplete files of the segment that is copied that no slot names. */
    private final List<Problem> incomplete = new ArrayList<>();

    /** The statements of each segment, the last one first. */
    private final Map<Long, List<Segment>> committed = new HashMap<>();

    /** The digests by which slots name the slots before them. */
    private final Set<String> named = new HashSet<>();

    private final Map<Long, String> tailDigests = new HashMap<>();
    private final TreeMap<Long, Attachment> checkpoints = new TreeMap<>();
    private final TreeMap<Long, TreeMap<Long, List<Long>>> tailSlots = new TreeMap<>();
    private final Map<Long, Tail> tailParts = new HashMap<>();
    private final FoundObjects found;
    private @Nullable LogIdentity identity;

    /** The first failure because of a key that is not configured. */
    private @Nullable MissingKeyException locked;

    private String logId = "";
    private String prefix = "";
    private int segments;
    private int tails;

    FoundFiles(ObjectStore store, Retries retries, Path directory, WalProgress progress) {
        this.store = store;
        this.log = new ShipLog(store);
        this.found = new FoundObjects(store, log);
        this.retries = retries;
        this.objects = new ObjectFiles(store, retries, Long.MAX_VALUE);
        this.directory = directory;
        this.candidate = directory.resolve(CANDIDATE);
        this.progress = progress;
    }

    LogFiles files() {
        return LogFiles.of(ArchiveSalvage.open(directory), prefix);
    }

    List<Problem> problems() {
        return problems;
    }

    List<String> notes() {
        return notes;
    }

    int segments() {
        return segments;
    }

    int tails() {
        return tails;
    }

    /**
     * Copies all intact files that the configured keys open.
     *
     * @throws MissingKeyException if they open none
     */
    void collect() throws IOException {
        Files.createDirectories(candidate);
        readIdentity();
        readSlots();
        listSegments();
        if (prefix.isEmpty()) {
            throw new WalRestoreException(
                    Reason.DAMAGED,
                    store.describe() + ": neither log.json nor a slot nor a segment identifies the log",
                    null);
        }
        TreeSet<Long> numbers = new TreeSet<>(found.numbers());
        numbers.addAll(committed.keySet());
        numbers.addAll(tailSlots.keySet());
        long done = 0;
        for (long number : numbers) {
            boolean last = number == numbers.last();
            incomplete(segment(number) || tails(number, last) || firstParts(number, last));
            progress.update(++done, numbers.size());
        }
        checkpoint();
        if (segments == 0 && tails == 0) {
            if (locked != null) {
                throw locked;
            }
            throw new WalRestoreException(
                    Reason.DAMAGED,
                    store.describe() + ": no segment and no tail is intact; nothing can be salvaged",
                    null);
        }
        long firstSegment = identity == null ? 1 : identity.firstSegment();
        files().complete(logId, firstSegment, identity == null ? 1 : identity.firstSequence());
    }

    /** An upload that was cut leaves an incomplete file. It is a problem only if the records are not found elsewhere. */
    private void incomplete(boolean isCopied) {
        for (Problem left : incomplete) {
            if (isCopied) {
                notes.add(left.reason() + ", and no slot names them: an upload was cut");
            } else {
                problems.add(left);
            }
        }
        incomplete.clear();
    }

    // ---- identity and slots

    private void readIdentity() throws IOException {
        try {
            LogIdentity found = retries.call(log::logJson).orElse(null);
            if (found == null) {
                problem(ArchiveKeys.LOG, -1, -1, "it is missing");
            } else {
                use(found);
            }
        } catch (BadObjectException | UnknownArchiveFormatException e) {
            problem(ArchiveKeys.LOG, -1, -1, String.valueOf(e.getMessage()));
        }
    }

    private void use(LogIdentity found) {
        identity = found;
        logId = found.logId();
        prefix = found.prefix();
    }

    private void readSlots() throws IOException {
        TreeSet<Long> numbers = new TreeSet<>();
        retries.call(() -> {
            numbers.clear();
            log.list(0, numbers::add);
            return true;
        });
        for (long number : numbers) {
            readSlot(number);
        }
        // A list may be stale.
        for (long next = numbers.isEmpty() ? 1 : numbers.last() + 1; readSlot(next); next++) {
            progress.update(next, next);
        }
    }

    /** Reads a slot. Returns whether it exists. */
    private boolean readSlot(long number) throws IOException {
        try {
            SlotCodec.@Nullable Decoded slot =
                    retries.call(() -> log.check(number)).orElse(null);
            if (slot != null) {
                add(slot.slot(), slot.sha256());
            }
            return slot != null;
        } catch (BadObjectException | UnknownArchiveFormatException e) {
            problem(ArchiveKeys.slot(number), -1, -1, String.valueOf(e.getMessage()));
            return true;
        }
    }

    private void add(Slot slot, String sha256) throws BadObjectException {
        if (slot.part() instanceof Epoch epoch && !epoch.logJson().isEmpty() && identity == null) {
            use(LogIdentity.decode(
                    ArchiveKeys.slot(slot.number()), epoch.logJson().getBytes(StandardCharsets.UTF_8)));
        }
        logId = logId.isEmpty() ? slot.logId() : logId;
        if (!slot.logId().equals(logId)) {
            problem(ArchiveKeys.slot(slot.number()), -1, -1, "it belongs to log " + slot.logId());
            return;
        }
        named.add(slot.previous());
        if (slot.part() instanceof Beat beat) {
            named.add(beat.after().sha256());
        }
        if (slot.part() instanceof Segment segment) {
            add(segment);
        } else if (slot.part() instanceof Restated restated) {
            add(restated.segment());
        } else if (slot.part() instanceof Attachment attachment
                && attachment.name().equals("checkpoint")) {
            checkpoints.put(attachment.sequence(), attachment);
        } else if (slot.part() instanceof Tail tail) {
            tailParts.put(slot.number(), tail);
            tailDigests.put(slot.number(), sha256);
            tailSlots
                    .computeIfAbsent(tail.segment(), any -> new TreeMap<>())
                    .computeIfAbsent(tail.position(), any -> new ArrayList<>())
                    .add(slot.number());
        }
    }

    private void add(Segment segment) {
        committed.computeIfAbsent(segment.number(), any -> new ArrayList<>()).add(0, segment);
    }

    private void listSegments() throws IOException {
        String after = "";
        while (true) {
            String from = after;
            for (StoredObject object : retries.call(() -> store.list(ArchiveKeys.SEGMENTS, from))) {
                after = object.key().compareTo(after) > 0 ? object.key() : after;
                SegmentKey key = ArchiveKeys.segmentKey(object.key()).orElse(null);
                if (key != null && (prefix.isEmpty() || key.prefix().equals(prefix))) {
                    prefix = key.prefix();
                    found.add(key, object);
                }
            }
            if (after.equals(from)) {
                return;
            }
        }
    }

    // ---- segments

    /** Copies a segment. Returns whether it was copied. */
    private boolean segment(long number) throws IOException {
        List<Segment> statements = committed.getOrDefault(number, List.of());
        for (Segment statement : statements) {
            if (isIntact(statement)) {
                return publish(number);
            }
        }
        TreeMap<String, String> versions = new TreeMap<>();
        for (String key : found.files(number)) {
            if (statements.stream().noneMatch(statement -> statement.key().equals(key))) {
                Optional<String> missing = found.incomplete(key);
                if (missing.isPresent()) {
                    incomplete.add(new Problem(key, -1, -1, missing.get()));
                    continue;
                }
                String sha256 = version(number, key, statements);
                if (!sha256.isEmpty()) {
                    versions.put(sha256, key);
                }
            }
        }
        for (Segment statement : statements) {
            if (versions.containsKey(statement.fileSha256())) {
                // A slot contains the digest of this version.
                versions.keySet().retainAll(Set.of(statement.fileSha256()));
            }
        }
        if (versions.size() > 1) {
            versions.values()
                    .forEach(key -> problem(
                            key,
                            -1,
                            -1,
                            "it differs from another object of segment " + number
                                    + ", and no slot contains the digest of either"));
            return false;
        }
        return versions.size() == 1
                && !version(number, versions.firstEntry().getValue(), statements)
                        .isEmpty()
                && publish(number);
    }

    private boolean isIntact(Segment segment) throws IOException {
        try (ScratchFile sink = new ScratchFile(ArchiveSalvage.open(candidate), name(segment.number()))) {
            objects.read(segment.stored(), sink);
            return true;
        } catch (BadObjectException | MissingKeyException e) {
            noteKey(e);
            String key = e instanceof BadObjectException bad ? bad.key(segment.key()) : segment.key();
            problem(key, segment.firstSequence(), segment.lastSequence(), String.valueOf(e.getMessage()));
            return false;
        }
    }

    /**
     * Copies a file whose objects no slot names. Returns its SHA-256, or the digest that a statement has of it; empty if it
     * is not an intact segment of this log.
     */
    private String version(long number, String key, List<Segment> statements) throws IOException {
        try {
            var digest = Digest.sha256();
            retries.call(() -> {
                digest.reset();
                try (InputStream in = found.open(key);
                        ScratchFile sink = new ScratchFile(ArchiveSalvage.open(candidate), name(number))) {
                    sink.restart();
                    byte[] chunk = new byte[64 * 1024];
                    for (int got = in.read(chunk); got >= 0; got = in.read(chunk)) {
                        digest.update(chunk, 0, got);
                        sink.write(chunk, got);
                    }
                    return true;
                }
            });
            LogFiles one = LogFiles.of(ArchiveSalvage.open(candidate), prefix);
            String owner = one.logId().orElse("");
            logId = logId.isEmpty() ? owner : logId;
            if (one.sealed(number).isPresent() && owner.equals(logId)) {
                return stated(number, statements).orElse(Digest.hex(digest));
            }
            problem(key, -1, -1, "it is not segment " + number + " of log " + logId);
        } catch (WalException | IOException e) {
            if (e instanceof io.veloz.wal.archive.store.StoreException failure) {
                throw failure;
            }
            noteKey(e);
            problem(key, -1, -1, String.valueOf(e.getMessage()));
        }
        return "";
    }

    /** Returns the digest that an encrypted statement has of the copied file. */
    private Optional<String> stated(long number, List<Segment> statements) throws IOException {
        for (Segment statement : statements) {
            if (statement.stored().encryption() == null) {
                continue;
            }
            try (InputStream in = Files.newInputStream(candidate.resolve(name(number)))) {
                ContentDigest digest = log.keys().digest(statement.stored().encryption(), log.where(statement.key()));
                if (digest.of(in).equals(statement.fileSha256())) {
                    return Optional.of(statement.fileSha256());
                }
            } catch (MissingKeyException e) {
                // The statement is a problem already, as its object cannot be read either.
                noteKey(e);
            }
        }
        return Optional.empty();
    }

    private boolean publish(long number) throws IOException {
        Files.move(
                candidate.resolve(name(number)),
                directory.resolve(name(number)),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
        segments++;
        return true;
    }

    private String name(long number) {
        return LogFiles.of(ArchiveSalvage.open(directory), prefix).sealedName(number);
    }

    /** Copies the parts of a segment before the first one that is damaged or missing. Returns whether there are any. */
    private boolean firstParts(long number, boolean last) throws IOException {
        LogFiles files = files();
        String name = last ? files.currentName() : files.sealedName(number);
        for (Segment statement : committed.getOrDefault(number, List.of())) {
            try (ScratchFile sink = new ScratchFile(files.storage(), name)) {
                long intact = intactBytes(statement, sink);
                sink.cut(intact);
                if (intact > 0) {
                    segments++;
                    return true;
                }
            }
        }
        return false;
    }

    private long intactBytes(Segment segment, ScratchFile sink) throws IOException {
        try {
            objects.read(segment.stored(), sink);
            return segment.fileBytes();
        } catch (BadObjectException e) {
            String bad = e.key(segment.key());
            return segment.objectKeys().contains(bad)
                    ? segment.stored().parts().stream()
                            .takeWhile(part -> !part.key().equals(bad))
                            .mapToLong(StoredFrame::fileBytes)
                            .sum()
                    : 0;
        } catch (MissingKeyException e) {
            // The segment is a problem already.
            return 0;
        }
    }

    // ---- tails

    /** Joins the tails of a segment, from its beginning to the first one that is missing. Returns whether there are any. */
    private boolean tails(long number, boolean last) throws IOException {
        NavigableMap<Long, List<Long>> byPosition = tailSlots.getOrDefault(number, new TreeMap<>());
        LogFiles files = files();
        String name = last ? files.currentName() : files.sealedName(number);
        long position = 0;
        try (ScratchFile sink = new ScratchFile(files.storage(), name)) {
            while (byPosition.containsKey(position)) {
                List<Long> unlocked = unlocked(byPosition.get(position));
                long slot = unlocked.isEmpty() ? -1 : choose(unlocked);
                if (slot < 0) {
                    break;
                }
                if (position == 0) {
                    sink.restart();
                }
                Tail tail = tail(slot);
                long start = sink.position();
                retries.call(() -> {
                    sink.rewind(start);
                    return log.copy(slot, sink)
                            .orElseThrow(
                                    () -> new BadObjectException("slot " + slot + " disappeared while it was read"));
                });
                tails++;
                position = tail.endPosition();
            }
        }
        return position > 0;
    }

    /** Returns the tails that the configured keys open. */
    private List<Long> unlocked(List<Long> slots) {
        List<Long> unlocked = new ArrayList<>();
        for (long slot : slots) {
            String key = ArchiveKeys.slot(slot);
            Tail tail = tail(slot);
            try {
                log.keys().digest(tail.encryption(), log.where(key));
                unlocked.add(slot);
            } catch (MissingKeyException e) {
                noteKey(e);
                problem(key, tail.firstSequence(), tail.lastSequence(), String.valueOf(e.getMessage()));
            }
        }
        return unlocked;
    }

    private Tail tail(long slot) {
        return java.util.Objects.requireNonNull(tailParts.get(slot));
    }

    /**
     * Returns the longest of the tails with the same position. Of two tails of equal length that differ, the one that the slot
     * after it names; -1 if that is none of them.
     */
    private long choose(List<Long> slots) throws IOException {
        long longest = slots.get(0);
        for (long slot : slots) {
            Tail one = tail(slot);
            Tail other = tail(longest);
            boolean differs = one.endPosition() == other.endPosition() && !isSame(slot, longest);
            if (differs && isNamed(slot) == isNamed(longest)) {
                problem(
                        ArchiveKeys.slot(slot),
                        one.firstSequence(),
                        one.lastSequence(),
                        "it contradicts slot " + longest + ", and it is unknown which one is valid");
                return -1;
            }
            boolean isBetter = differs ? isNamed(slot) : one.endPosition() > other.endPosition();
            longest = isBetter ? slot : longest;
        }
        return longest;
    }

    /** Returns whether two tails have the same bytes. The digests of encrypted ones differ although their contents are equal. */
    private boolean isSame(long one, long other) throws IOException {
        if (tail(one).encryption() == null && tail(other).encryption() == null) {
            return tail(one).sha256().equals(tail(other).sha256());
        }
        return one == other || Arrays.equals(content(one), content(other));
    }

    private byte[] content(long slot) throws IOException {
        return retries.call(() -> log.slot(slot)
                .orElseThrow(() -> new BadObjectException("slot " + slot + " disappeared while it was read"))
                .content());
    }

    private boolean isNamed(long slot) {
        return named.contains(tailDigests.getOrDefault(slot, ""));
    }

    // ---- checkpoints

    /** Copies the newest intact checkpoint. */
    private void checkpoint() throws IOException {
        LogFiles files = files();
        for (Attachment attachment : checkpoints.descendingMap().values()) {
            try (ScratchFile sink = new ScratchFile(files.storage(), files.checkpointName())) {
                objects.read(attachment.stored(), sink);
            } catch (BadObjectException | MissingKeyException e) {
                noteKey(e);
                problem(attachment.key(), -1, -1, String.valueOf(e.getMessage()));
                if (files.storage().exists(files.checkpointName())) {
                    files.storage().delete(files.checkpointName());
                }
                continue;
            }
            if (WalCheckpoint.newest(ReadOptions.of(files.storage()).prefix(prefix))
                    .isPresent()) {
                return;
            }
        }
    }

    private void noteKey(Exception e) {
        if (locked == null && e instanceof MissingKeyException missing) {
            locked = missing;
        }
    }

    private void problem(String key, long first, long last, String reason) {
        problems.add(new Problem(key, first, last, reason));
    }
}
