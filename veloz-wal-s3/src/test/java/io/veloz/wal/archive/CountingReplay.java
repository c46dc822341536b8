package io.veloz.wal.archive;

import io.veloz.wal.spi.StateMismatchException;
import io.veloz.wal.spi.StateReplay;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A state that counts the records of types 1 and 2 and adds their sequences. Records of type 2 that begin with "bad" are refused. */
final class CountingReplay implements StateReplay {
    private long sum;
    private long count;

    /** Each checkpoint that was compared or begun with, and the sequences of the records that were applied and not checked. */
    final List<String> checkpoints = new ArrayList<>();

    final List<Long> applied = new ArrayList<>();
    final List<Integer> checked = new ArrayList<>();

    static String stateAfter(long sequence) {
        CountingReplay replay = new CountingReplay();
        for (long each = 1; each <= sequence; each++) {
            if (belongs(typeOf(each))) {
                replay.add(each);
            }
        }
        return replay.text();
    }

    static int typeOf(long sequence) {
        return (int) (1 + (sequence - 1) % 3);
    }

    private static boolean belongs(int type) {
        return type == 1 || type == 2;
    }

    private void add(long sequence) {
        count++;
        sum += sequence;
    }

    private String text() {
        return count + " records, sum " + sum;
    }

    @Override
    public void begin() {
        sum = 0;
        count = 0;
        checkpoints.add("begin");
    }

    @Override
    public void begin(long sequence, InputStream content) throws IOException, StateMismatchException {
        checkpoints.add("begin " + sequence);
        read(content);
    }

    private void read(InputStream content) throws IOException, StateMismatchException {
        String text = new String(content.readAllBytes(), StandardCharsets.UTF_8);
        String[] words = text.split(" ");
        if (words.length != 4) {
            throw new StateMismatchException("it is not a count: " + text);
        }
        count = Long.parseLong(words[0]);
        sum = Long.parseLong(words[3]);
    }

    @Override
    public boolean apply(long sequence, long timestampNanos, int type, ByteBuffer payload)
            throws StateMismatchException {
        if (check(type, payload)) {
            applied.add(sequence);
            checked.remove(checked.size() - 1);
            add(sequence);
            return true;
        }
        return false;
    }

    @Override
    public boolean check(int type, ByteBuffer payload) throws StateMismatchException {
        if (!belongs(type)) {
            return false;
        }
        if (StandardCharsets.ISO_8859_1.decode(payload.duplicate()).toString().startsWith("bad")) {
            throw new StateMismatchException("bad record");
        }
        checked.add(type);
        return true;
    }

    @Override
    public void compare(long sequence, InputStream content) throws IOException, StateMismatchException {
        checkpoints.add("compare " + sequence);
        String replayed = text();
        read(content);
        if (!replayed.equals(text())) {
            throw new StateMismatchException(text() + " in the checkpoint, " + replayed + " in the replayed records");
        }
    }

    @Override
    public List<String> notes() {
        return List.of("a note");
    }
}
