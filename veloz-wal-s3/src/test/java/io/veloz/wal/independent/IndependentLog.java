package io.veloz.wal.independent;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.veloz.wal.independent.IndependentSegment.Entry;
import io.veloz.wal.independent.IndependentSegment.Loss;
import io.veloz.wal.independent.IndependentSegment.Role;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads the directory of a log as docs/format.md describes it, without code of the library. */
final class IndependentLog {
    enum Verdict {
        SOUND,
        TORN,
        DAMAGED,
        /** An unknown version or feature, or an interrupted restore. */
        REFUSED
    }

    record Checkpoint(long sequence, byte[] content) {}

    private final List<Entry> records = new ArrayList<>();
    private final List<Loss> lost = new ArrayList<>();
    private final List<Checkpoint> checkpoints = new ArrayList<>();
    private String findings = "";
    private Verdict verdict = Verdict.SOUND;
    private long next = 1;

    static IndependentLog read(Path directory, String prefix) throws IOException {
        IndependentLog log = new IndependentLog();
        log.readDirectory(directory, prefix);
        return log;
    }

    /** Reads the segments of an archive, in ascending order. The oldest one begins with that record. */
    static IndependentLog of(List<IndependentSegment> segments, long first) {
        IndependentLog log = new IndependentLog();
        log.next = first;
        log.readSegments(segments);
        return log;
    }

    List<Entry> records() {
        return records;
    }

    List<Loss> lost() {
        return lost;
    }

    /** Returns the valid checkpoints of this log, the newest one first. */
    List<Checkpoint> checkpoints() {
        return checkpoints;
    }

    Verdict verdict() {
        return verdict;
    }

    /** Returns why the verdict is not SOUND. */
    String findings() {
        return findings;
    }

    /** Returns the sequence of the next record. */
    long next() {
        return next;
    }

    private void find(Verdict found, String why) {
        if (found.compareTo(verdict) > 0) {
            verdict = found;
        }
        findings += found + ": " + why + "\n";
    }

    private void readDirectory(Path directory, String prefix) throws IOException {
        if (Files.exists(directory.resolve("." + prefix + "_restoring"))) {
            find(Verdict.REFUSED, "an interrupted restore");
            return;
        }
        boolean quarantine;
        try (Stream<Path> files = Files.list(directory)) {
            quarantine = files.map(file -> file.getFileName().toString())
                    .anyMatch(name -> name.matches("\\." + prefix + "_quarantine_\\d{16}_at_\\d+_[0-9a-f]{8}"));
        }
        List<IndependentSegment> all = segmentsOf(directory, prefix);
        byte[] mark = bytesOf(directory.resolve("." + prefix + "_trimmed"));
        byte[] a = bytesOf(directory.resolve("." + prefix + "_checkpoint_a"));
        byte[] b = bytesOf(directory.resolve("." + prefix + "_checkpoint_b"));
        if (verdict != Verdict.SOUND) {
            return;
        }
        long firstSegment = 1;
        String id = "";
        if (mark != null) {
            ByteBuffer in = ByteBuffer.wrap(mark).order(ByteOrder.LITTLE_ENDIAN);
            if (!isMark(mark, in)) {
                find(Verdict.DAMAGED, "the trim mark");
                return;
            }
            id = String.format(Locale.ROOT, "%016x%016x", in.getLong(8), in.getLong(16));
            firstSegment = in.getLong(24);
            next = in.getLong(32);
        }
        long oldest = firstSegment;
        List<IndependentSegment> counting = new ArrayList<>(all);
        counting.removeIf(segment -> segment.number() < oldest);
        if (counting.isEmpty()) {
            if (mark != null || a != null || b != null || quarantine || !all.isEmpty()) {
                find(Verdict.DAMAGED, "no segments");
            }
            return;
        }
        id = id.isEmpty() ? mostCommonLog(counting) : id;
        readNumbered(counting, oldest, id);
        readCheckpoint(a, id);
        readCheckpoint(b, id);
        checkpoints.sort(Comparator.comparingLong(Checkpoint::sequence).reversed());
        if (verdict.compareTo(Verdict.DAMAGED) < 0
                && !checkpoints.isEmpty()
                && checkpoints.get(0).sequence() >= next) {
            find(
                    Verdict.DAMAGED,
                    "the log ends before its checkpoint " + checkpoints.get(0).sequence());
        }
    }

    private static boolean isMark(byte[] mark, ByteBuffer in) {
        return mark.length == 48
                && new String(mark, 0, 8, US_ASCII).equals("VELOZMRK")
                && IndependentSegment.crc(mark, 0, 44) == in.getInt(44)
                && in.getLong(24) >= 1
                && in.getLong(24) <= 9_999_999_999_999_999L
                && in.getLong(32) >= 1;
    }

    private List<IndependentSegment> segmentsOf(Path directory, String prefix) throws IOException {
        Pattern numbered = Pattern.compile(Pattern.quote(prefix) + "_(\\d{16})\\.wal");
        List<Path> files;
        try (Stream<Path> list = Files.list(directory)) {
            files = list.sorted().toList();
        }
        List<IndependentSegment> segments = new ArrayList<>();
        for (Path file : files) {
            String name = file.getFileName().toString();
            Matcher matcher = numbered.matcher(name);
            boolean isNumbered = matcher.matches();
            boolean prepared = name.equals("." + prefix + "_prepared.wal");
            if (!isNumbered && !prepared && !name.equals(prefix + "_current.wal")) {
                continue;
            }
            byte[] bytes = bytesOf(file);
            if (bytes == null) {
                continue;
            }
            Role role = isNumbered ? Role.NUMBERED : prepared ? Role.PREPARED : Role.CURRENT;
            IndependentSegment segment = new IndependentSegment(name, role, bytes);
            if (!segment.refusal().isEmpty()) {
                find(Verdict.REFUSED, name + " has " + segment.refusal());
            } else if (segment.isReadable()) {
                if (isNumbered && segment.number() != Long.parseLong(matcher.group(1))) {
                    find(Verdict.DAMAGED, name + " is segment " + segment.number());
                }
                segments.add(segment);
            } else if (!prepared || !segment.isBlank()) {
                find(Verdict.DAMAGED, name + " has no readable header");
            }
        }
        return segments;
    }

    /** Returns the content of a regular file; null if it does not exist. */
    private byte[] bytesOf(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return null;
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            find(Verdict.DAMAGED, file.getFileName() + " is not a regular file");
            return null;
        }
        return Files.readAllBytes(file);
    }

    private static String mostCommonLog(List<IndependentSegment> segments) {
        Map<String, Integer> counts = new HashMap<>();
        segments.forEach(segment -> counts.merge(segment.log(), 1, Integer::sum));
        return counts.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }

    private void readNumbered(List<IndependentSegment> counting, long oldest, String id) {
        TreeMap<Long, IndependentSegment> byNumber = new TreeMap<>();
        for (IndependentSegment segment : counting) {
            if (!segment.log().equals(id)) {
                find(Verdict.DAMAGED, segment.name + " is of the log " + segment.log());
            }
            IndependentSegment other = byNumber.get(segment.number());
            IndependentSegment counts = other == null ? segment : ofTwo(other, segment);
            if (counts == null) {
                find(Verdict.DAMAGED, "segment " + segment.number() + " exists twice");
            } else {
                byNumber.put(segment.number(), counts);
            }
        }
        if (verdict != Verdict.SOUND) {
            return;
        }
        List<IndependentSegment> run = new ArrayList<>();
        for (IndependentSegment segment : byNumber.values()) {
            if (segment.number() != oldest + run.size()) {
                find(Verdict.DAMAGED, "segment " + (oldest + run.size()) + " is missing");
                break;
            }
            run.add(segment);
        }
        if (byNumber.lastEntry().getValue().role == Role.NUMBERED) {
            find(Verdict.DAMAGED, "the segment after " + byNumber.lastKey() + " is missing");
        }
        readSegments(run);
    }

    private static IndependentSegment ofTwo(IndependentSegment one, IndependentSegment two) {
        if (one.isBlank() || two.isBlank()) {
            return one.isBlank() ? two : one;
        }
        if (one.salt() != two.salt() || (one.role == Role.NUMBERED) == (two.role == Role.NUMBERED)) {
            return null;
        }
        return one.role == Role.NUMBERED ? one : two;
    }

    private void readSegments(List<IndependentSegment> segments) {
        byte[] footerBefore = null;
        for (int i = 0; i < segments.size(); i++) {
            IndependentSegment segment = segments.get(i);
            IndependentSegment following = i + 1 < segments.size() ? segments.get(i + 1) : null;
            segment.read(next);
            records.addAll(segment.entries());
            lost.addAll(segment.losses());
            next = segment.expected();
            if (i > 0 && segment.hasBatches()) {
                checkPredecessor(segments.get(i - 1), segment);
            }
            boolean noneLater =
                    segments.subList(i + 1, segments.size()).stream().allMatch(later -> later.predecessor() == null);
            if (!judgeEnd(segment, following, noneLater)) {
                return;
            }
            footerBefore = checkFooter(segment, i, footerBefore);
        }
    }

    private void checkPredecessor(IndependentSegment before, IndependentSegment segment) {
        if (!names(segment.predecessor(), before)) {
            find(Verdict.DAMAGED, segment.name + " does not follow " + before.name);
        }
    }

    private static boolean names(IndependentSegment.Predecessor predecessor, IndependentSegment segment) {
        return predecessor.number() == segment.number()
                && predecessor.salt() == segment.salt()
                && predecessor.dataEnd() == segment.end()
                && predecessor.lastCrc() == segment.lastCrc();
    }

    /** Applies the rows of the table in the document. Returns false if no segment after this one can be read. */
    private boolean judgeEnd(IndependentSegment segment, IndependentSegment following, boolean noneLater) {
        String place = segment.name + " at " + segment.end();
        IndependentSegment.Predecessor named = following == null ? null : following.predecessor();
        if (segment.footer() != null && segment.role == Role.NUMBERED) {
            return named == null || names(named, segment) || damaged(place + ": the next segment names another end");
        }
        if (named != null) {
            return names(named, segment) || damaged(place + ": the next segment names another end");
        }
        if (segment.role == Role.NUMBERED) {
            if (segment.isTraceOfFooter()) {
                find(Verdict.DAMAGED, place + ": the footer");
                return true;
            }
            return damaged(place);
        }
        if (following != null && !following.isBlank() && segment.isBatchOfThisSaltAtEnd()) {
            return damaged(place + ": an incomplete batch, and the next segment is written");
        }
        if (segment.mark().end() > segment.end() || segment.isCut()) {
            return damaged(place + ": an end mark states more");
        }
        if (noneLater && segment.footer() == null && segment.isPromisedBeyondEnd()) {
            return damaged(place + ": record " + segment.expected() + " was on disk");
        }
        if (segment.footer() == null && !segment.zerosFrom(segment.end())) {
            find(Verdict.TORN, place);
        }
        return true;
    }

    private boolean damaged(String why) {
        find(Verdict.DAMAGED, why);
        return false;
    }

    /** Returns the footer that the next one has to name; null if it is unknown. */
    private byte[] checkFooter(IndependentSegment segment, int place, byte[] before) {
        byte[] footer = segment.footer();
        byte[] none = new byte[32];
        boolean oldest = place == 0;
        boolean first = oldest && segment.number() == 1;
        if (footer == null || segment.role != Role.NUMBERED) {
            byte[] known = first ? none : before;
            return known == null ? null : IndependentSegment.sha256(segment.rebuiltFooter(known));
        }
        byte[] stated = Arrays.copyOfRange(footer, 128, 160);
        if (!segment.agrees(footer)) {
            find(Verdict.DAMAGED, segment.name + ": the footer does not agree with the data");
        } else if (first && !Arrays.equals(stated, none)) {
            find(Verdict.DAMAGED, segment.name + ": names a footer before the first one");
        } else if (before != null && !Arrays.equals(stated, none) && !Arrays.equals(stated, before)) {
            find(Verdict.DAMAGED, segment.name + ": names another footer than the one before");
        }
        boolean startsAnew = segment.number() > 1 && Arrays.equals(stated, none);
        return startsAnew ? null : IndependentSegment.sha256(footer);
    }

    private void readCheckpoint(byte[] bytes, String id) {
        Checkpoint read = bytes == null ? null : checkpoint(bytes, id);
        if (read != null) {
            checkpoints.add(read);
        }
    }

    /** Adds a checkpoint, unless it is invalid or of another log. */
    static Checkpoint checkpoint(byte[] bytes, String id) {
        if (bytes.length < 64) {
            return null;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        boolean good = new String(bytes, 0, 8, US_ASCII).equals("VELOZCKP")
                && in.getInt(8) == 1
                && String.format(Locale.ROOT, "%016x%016x", in.getLong(16), in.getLong(24))
                        .equals(id)
                && in.getLong(32) >= 0
                && in.getLong(bytes.length - 16) == bytes.length - 64L
                && in.getInt(bytes.length - 4) == IndependentSegment.crc(bytes, 0, bytes.length - 4);
        return good ? new Checkpoint(in.getLong(32), Arrays.copyOfRange(bytes, 48, bytes.length - 16)) : null;
    }
}
