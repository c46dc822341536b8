package io.veloz.wal.independent;

import static io.veloz.wal.independent.IndependentFrames.expect;

import io.veloz.wal.independent.IndependentLog.Checkpoint;
import io.veloz.wal.independent.IndependentLog.Verdict;
import io.veloz.wal.independent.IndependentSegment.Entry;
import io.veloz.wal.independent.IndependentSegment.Loss;
import io.veloz.wal.independent.IndependentSegment.Role;
import io.veloz.wal.independent.IndependentSlot.Kind;
import io.veloz.wal.independent.IndependentSlot.Reach;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Reads an archive in a directory as docs/archive.md describes it, without code of the library. Throws IllegalStateException
 * if the archive is invalid.
 */
final class IndependentArchive {
    private final Path root;
    private final String log;
    private final String prefix;
    private final String origin;
    private final long firstSegment;
    private final long firstSequence;
    private final TreeMap<Long, Long> epochs = new TreeMap<>();
    private final Set<String> accounted = new TreeSet<>();
    private final List<Entry> records = new ArrayList<>();
    private final List<Loss> lost = new ArrayList<>();
    private final List<Loss> gaps = new ArrayList<>();
    private final List<Checkpoint> checkpoints = new ArrayList<>();

    /** The consecutive segments since the beginning or the last gap. */
    private List<IndependentSegment> run = new ArrayList<>();

    private final Map<Long, IndependentJson> heads = new HashMap<>();
    private long runBegins;
    private int summaries;
    private int ends;
    private long committed;
    private long lastSequence;
    private Reach end;

    private IndependentArchive(Path root) throws IOException {
        this.root = root;
        byte[] bytes = Files.readAllBytes(root.resolve("log.json"));
        expect(bytes.length <= 4096, "log.json");
        IndependentJson json = IndependentJson.of(bytes);
        expect(json.number("format", 0) == 1, "log.json has an unknown format");
        log = json.hex("log", 32);
        prefix = json.text("prefix");
        expect(prefix.matches("[A-Za-z0-9][A-Za-z0-9_-]{0,63}"), "the prefix");
        json.text("created");
        firstSegment = json.number("firstSegment", 1);
        firstSequence = json.number("firstSequence", 1);
        origin = IndependentSlot.hexSha256(bytes);
        committed = firstSegment - 1;
        lastSequence = firstSequence - 1;
        runBegins = firstSequence;
        end = new Reach(0, 0, 0);
    }

    static IndependentArchive read(Path root) throws IOException {
        IndependentArchive archive = new IndependentArchive(root);
        archive.prove();
        return archive;
    }

    List<Entry> records() {
        return records;
    }

    /** Returns the losses that the log declares. */
    List<Loss> lost() {
        return lost;
    }

    List<Loss> gaps() {
        return gaps;
    }

    List<Checkpoint> checkpoints() {
        return checkpoints;
    }

    /** Returns the number of SUMMARY slots in the chain. */
    int summaries() {
        return summaries;
    }

    private void prove() throws IOException {
        List<String> objects = new ArrayList<>(names("segments"));
        objects.addAll(names("attachments"));
        long last = names("ship").stream()
                .filter(name -> name.matches("ship/\\d{20}"))
                .mapToLong(name -> Long.parseLong(name.substring(5)))
                .max()
                .orElseThrow(() -> new IllegalStateException("damaged: no slots"));
        IndependentSlot tip = slot(last);
        List<IndependentSlot> chain = keptChain(tip);
        IndependentSummaries.check(chain);
        summaries =
                (int) chain.stream().filter(slot -> slot.kind == Kind.SUMMARY).count();
        Reach reached = new Reach(0, 0, 0);
        long epoch = 0;
        for (IndependentSlot slot : chain) {
            epoch = slot.kind == Kind.EPOCH ? epoch + 1 : epoch;
            expect(slot.epoch == epoch, "the epoch of slot " + slot.number);
            epochs.put(slot.number, epoch);
            expect(!slot.archived.isBefore(reached), "archived of slot " + slot.number + " moves backwards");
            add(slot, reached);
            reached = slot.archived;
        }
        expect(!tip.archived.isBefore(reached), "archived of the tip moves backwards");
        addTails(tip, Long.MAX_VALUE);
        readRun();
        boolean none = end.segment() == 0;
        expect(none || tip.archived.equals(end), "the tip's archived " + tip.archived + " is not " + end);
        checkLostSlots(objects, tip.epoch);
        checkEnds(last);
    }

    /** Compares the END records with the slots. A record that cannot be read shows nothing. */
    private void checkEnds(long last) throws IOException {
        for (String key : names("ends")) {
            IndependentJson end;
            try {
                end = witness(Files.readAllBytes(root.resolve(key)));
            } catch (IllegalStateException e) {
                continue;
            }
            slot(end.object("kept").number("slot", 1), end.object("kept").hex("sha256", 64));
            expect(end.object("tip").number("slot", 1) <= last, "slots are lost: " + key + " names a later one");
            ends++;
        }
    }

    private IndependentJson witness(byte[] bytes) {
        IndependentFrames frames = new IndependentFrames(bytes);
        IndependentJson head = IndependentJson.of(frames.skippable(0x184D2A5A, 16_384));
        byte[] digest = IndependentSegment.sha256(Arrays.copyOf(bytes, bytes.length - 40));
        expect(Arrays.equals(frames.skippable(0x184D2A5B, 32), digest), "the digest of a record");
        expect(frames.isAtEnd() && bytes.length <= 16_384, "the size of a record");
        expect(head.number("format", 0) == 1 && head.text("kind").equals("END"), "the kind of a record");
        expect(head.hex("origin", 64).equals(origin), "the archive of a record");
        return head;
    }

    /** Returns the number of epochs that ended on purpose. */
    int ends() {
        return ends;
    }

    private List<IndependentSlot> keptChain(IndependentSlot tip) throws IOException {
        List<IndependentSlot> chain = new ArrayList<>();
        IndependentSlot slot = tip;
        if (tip.isKept()) {
            chain.add(tip);
        }
        while (slot.kept.slot() != 0) {
            slot = slot(slot.kept.slot(), slot.kept.sha256());
            expect(slot.isKept(), "slot " + slot.number + " is kept and a " + slot.kind);
            chain.add(slot);
        }
        expect(slot.number == 1 && slot.kind == Kind.EPOCH, "the chain ends at slot " + slot.number);
        Collections.reverse(chain);
        return chain;
    }

    private void add(IndependentSlot slot, Reach before) throws IOException {
        switch (slot.kind) {
            case EPOCH, SUMMARY -> {}
            case SEGMENT -> addSegment(slot);
            case ATTACHMENT -> addAttachment(slot);
            case GAP -> addGap(slot, before);
            case TAIL, BEAT -> throw new IllegalStateException("damaged: a " + slot.kind + " in the kept chain");
        }
    }

    private void addSegment(IndependentSlot slot) throws IOException {
        IndependentJson segment = slot.head.object("segment");
        long number = segment.number("number", 1);
        expect(number == committed + 1, "segment " + number + " follows " + committed);
        expect(segment.number("firstSequence", 1) == lastSequence + 1, "the first record of segment " + number);
        String key = String.format(Locale.ROOT, "segments/%s_%016d.e%010d.wal.lz4", prefix, number, slot.epoch);
        byte[] file = object(segment, key);
        run.add(new IndependentSegment(key, Role.NUMBERED, file));
        heads.put(number, segment);
        committed = number;
        lastSequence = segment.number("lastSequence", 1);
        end = new Reach(number, file.length, lastSequence);
        expect(!slot.archived.isBefore(end), "archived of slot " + slot.number);
    }

    private byte[] object(IndependentJson described, String key) throws IOException {
        expect(described.text("key").equals(key), "the key " + key);
        byte[] file = described.has("parts") ? parts(described, key) : frame(described, key);
        expect(
                IndependentSlot.hexSha256(file).equals(described.hex("fileSha256", 64)),
                "the digest of the file in " + key);
        return file;
    }

    private byte[] parts(IndependentJson described, String key) throws IOException {
        IndependentJson parts = described.object("parts");
        int count = parts.names().size();
        expect(count >= 2 && count <= 64, "the number of parts of " + key);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        StringBuilder digests = new StringBuilder();
        long bytes = 0;
        for (int number = 1; number <= count; number++) {
            IndependentJson part = parts.object(Integer.toString(number));
            file.writeBytes(frame(part, String.format(Locale.ROOT, "%s.p%04dof%04d", key, number, count)));
            digests.append(part.hex("objectSha256", 64)).append('\n');
            bytes += part.number("objectBytes", 1);
        }
        expect(bytes == described.number("objectBytes", 1), "the size of the parts of " + key);
        expect(file.size() == described.number("fileBytes", 1), "the size of the file in " + key);
        expect(
                IndependentSlot.hexSha256(digests.toString().getBytes(StandardCharsets.US_ASCII))
                        .equals(described.hex("objectSha256", 64)),
                "the digest of the parts of " + key);
        return file.toByteArray();
    }

    private byte[] frame(IndependentJson described, String key) throws IOException {
        accounted.add(key);
        byte[] bytes = Files.readAllBytes(root.resolve(key));
        expect(bytes.length == described.number("objectBytes", 1), "the size of " + key);
        expect(IndependentSlot.hexSha256(bytes).equals(described.hex("objectSha256", 64)), "the digest of " + key);
        long size = described.number("fileBytes", 1);
        expect(size <= 256L * bytes.length, "the file's size in " + key);
        IndependentFrames frames = new IndependentFrames(bytes);
        byte[] file = frames.frame(size);
        expect(frames.isAtEnd(), "bytes after the frame in " + key);
        return file;
    }

    private void addAttachment(IndependentSlot slot) throws IOException {
        IndependentJson attachment = slot.head.object("attachment");
        if (!attachment.text("name").equals("checkpoint")) {
            accounted.add(attachment.text("key"));
            return;
        }
        long sequence = attachment.number("sequence", 0);
        String key = String.format(Locale.ROOT, "attachments/checkpoint_%020d.e%010d.lz4", sequence, slot.epoch);
        Checkpoint checkpoint = IndependentLog.checkpoint(object(attachment, key), log);
        expect(checkpoint != null && checkpoint.sequence() == sequence, "the checkpoint " + key);
        checkpoints.add(checkpoint);
    }

    private void addGap(IndependentSlot slot, Reach before) throws IOException {
        IndependentJson gap = slot.head.object("gap");
        long next = gap.number("nextSegment", 1);
        long last = gap.number("lastSequence", 1);
        expect(next > committed && gap.number("firstSequence", 1) <= last, "the gap in slot " + slot.number);
        boolean endsInTails = slot.archived.segment() > committed && slot.archived.position() > 0;
        if (endsInTails || gap.number("firstSequence", 1) > lastSequence + 1) {
            IndependentSlot preceding = slot(slot.number - 1, slot.previous);
            expect(!preceding.archived.isBefore(before), "archived of slot " + preceding.number + " moves backwards");
            addTails(preceding, next);
        }
        readRun();
        if (lastSequence < last) {
            gaps.add(new Loss(lastSequence + 1, last));
            end = new Reach(next, 0, last);
        }
        expect(slot.archived.equals(end), "archived of slot " + slot.number);
        lastSequence = Math.max(last, lastSequence);
        runBegins = lastSequence + 1;
        committed = next - 1;
    }

    /** Adds the tails from the last committed segment to the end of the archive that a slot states. */
    private void addTails(IndependentSlot from, long before) throws IOException {
        Reach reach = from.archived;
        long first = committed + 1;
        if (reach.segment() < first || (reach.segment() == first && reach.position() == 0)) {
            return;
        }
        List<IndependentSlot> tails = new ArrayList<>();
        for (IndependentSlot slot = from;
                ;
                slot = slot(slot.before().slot(), slot.before().sha256())) {
            if (slot.kind == Kind.TAIL) {
                IndependentJson tail = slot.head.object("tail");
                long segment = tail.number("segment", 1);
                if (segment >= first) {
                    expect(segment < before, "slot " + slot.number + " is a tail after a gap");
                    expect(slot.epoch == epochs.floorEntry(slot.number).getValue(), "the epoch of slot " + slot.number);
                    tails.add(slot);
                }
                if (segment == first && tail.number("position", 0) == 0) {
                    break;
                }
            }
            expect(slot.number > 1, "the first tail of segment " + first + " is missing");
        }
        Collections.reverse(tails);
        join(tails, first);
    }

    private void join(List<IndependentSlot> tails, long first) {
        long segment = first;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (IndependentSlot slot : tails) {
            IndependentJson tail = slot.head.object("tail");
            if (tail.number("segment", 1) == segment + 1 && tail.number("position", 0) == 0) {
                run.add(new IndependentSegment("tails of " + segment, Role.CURRENT, bytes.toByteArray()));
                segment++;
                bytes.reset();
            }
            expect(tail.number("segment", 1) == segment, "the segment of slot " + slot.number);
            expect(tail.number("position", 0) == bytes.size(), "the position of slot " + slot.number);
            expect(tail.number("firstSequence", 1) == lastSequence + 1, "the first record of slot " + slot.number);
            bytes.writeBytes(slot.content);
            lastSequence = tail.number("lastSequence", 0);
            end = slot.archived;
        }
        run.add(new IndependentSegment("tails of " + segment, Role.CURRENT, bytes.toByteArray()));
    }

    private void readRun() {
        for (IndependentSegment segment : run) {
            expect(segment.isReadable() && segment.refusal().isEmpty(), "the header of " + segment.name);
            expect(segment.log().equals(log), segment.name + " is of another log");
        }
        IndependentLog read = IndependentLog.of(run, runBegins);
        expect(read.verdict() == Verdict.SOUND, read.findings());
        expect(read.next() == lastSequence + 1, "the last record is " + (read.next() - 1) + ", not " + lastSequence);
        for (IndependentSegment segment : run) {
            checkStated(segment);
        }
        records.addAll(read.records());
        lost.addAll(read.lost());
        run = new ArrayList<>();
    }

    private void checkStated(IndependentSegment segment) {
        if (segment.role != Role.NUMBERED) {
            expect(segment.end() == segment.bytes.length, segment.name + " has more than whole batches");
            return;
        }
        IndependentJson head = heads.get(segment.number());
        expect(head != null && segment.footer() != null, segment.name + " is not sealed");
        List<Entry> entries = segment.entries();
        expect(head.number("dataBytes", 0) == segment.end(), "dataBytes of " + segment.name);
        expect(head.number("records", 1) == entries.size(), "records of " + segment.name);
        expect(
                head.number("lastSequence", 1)
                        == entries.get(entries.size() - 1).sequence(),
                "the last record of " + segment.name);
        long earliest = entries.stream().mapToLong(Entry::timestamp).min().orElseThrow();
        long latest = entries.stream().mapToLong(Entry::timestamp).max().orElseThrow();
        expect(head.number("minTimestampNanos", Long.MIN_VALUE) == earliest, "the times of " + segment.name);
        expect(head.number("maxTimestampNanos", Long.MIN_VALUE) == latest, "the times of " + segment.name);
    }

    private void checkLostSlots(List<String> objects, long epoch) {
        Pattern pattern = Pattern.compile(
                "segments/" + prefix + "_(\\d{16})\\.e(\\d{10})\\.wal\\.lz4" + "(?:\\.p\\d{4}of\\d{4})?");
        Pattern checkpoint = Pattern.compile("attachments/checkpoint_\\d{20}\\.e(\\d{10})\\.lz4");
        Map<Long, Long> unnamed = new TreeMap<>();
        for (String key : objects) {
            Matcher segment = pattern.matcher(key);
            Matcher attachment = checkpoint.matcher(key);
            if (segment.matches()) {
                long of = Long.parseLong(segment.group(2));
                long number = Long.parseLong(segment.group(1));
                expect(of <= epoch, key + " is of a later epoch");
                expect(number <= committed + 1, key + " is beyond the next segment");
                // An upload in parts that was cut leaves several objects of one segment.
                boolean isNamed = accounted.contains(key);
                Long other = isNamed ? null : unnamed.putIfAbsent(of, number);
                expect(other == null || other == number, "slots are lost: no slot names " + key);
            } else if (attachment.matches()) {
                expect(Long.parseLong(attachment.group(1)) <= epoch, key + " is of a later epoch");
            }
        }
    }

    private IndependentSlot slot(long number, String digest) throws IOException {
        IndependentSlot slot = slot(number);
        expect(slot.digest.equals(digest), "the digest of slot " + number);
        return slot;
    }

    private IndependentSlot slot(long number) throws IOException {
        Path file = root.resolve(String.format(Locale.ROOT, "ship/%020d", number));
        expect(Files.exists(file), "slot " + number + " is missing");
        return new IndependentSlot(number, Files.readAllBytes(file), log, origin);
    }

    private List<String> names(String folder) throws IOException {
        Path directory = root.resolve(folder);
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> folder + "/" + file.getFileName()).sorted().toList();
        }
    }
}
