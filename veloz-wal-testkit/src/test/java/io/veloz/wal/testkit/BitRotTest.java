package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalVersionException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * R3: flips bits of every file of a small log, after a close and after a kill. A reader or an open either finds exactly
 * the acknowledged records, or reports the damage.
 */
@Tag("enumeration")
class BitRotTest {
    private static final int LAST = 6;

    /** After the header page: batch and record headers, small payloads, and the footer. */
    private static final int ALL_BITS_FROM = 4_096;

    private static final int ALL_BITS_TO = 4_096 + 350;

    /** After all data. Only a sample of these zeros is changed, as in the header page. */
    private static final int ZEROS_FROM = 5_500;

    private static final int ZEROS_STEP = 200;

    @Test
    void flippedBitIsReportedOrHarmlessAfterAClose() {
        Rounds.run(seed -> assertThat(Rounds.tried("a bit flipped after a close", everyByte(seed, log(seed, true), 6)))
                .isGreaterThan(5_000));
    }

    /** No later batch promises the last record, so damage to it cannot be distinguished from a torn tail. */
    @Test
    void flippedBitIsReportedOrHarmlessAfterAKill() {
        Rounds.run(seed -> assertThat(Rounds.tried("a bit flipped after a kill", everyByte(seed, log(seed, false), 5)))
                .isGreaterThan(5_000));
    }

    @Test
    void flippedBitInTheFirstRecordsIsReportedOrHarmless() {
        Rounds.run(seed -> {
            FaultyStorage log = log(seed, true);
            try {
                for (int position = ALL_BITS_FROM; position < ALL_BITS_FROM + 300; position++) {
                    for (int bit = 0; bit < 8; bit++) {
                        check(log, "orders_0000000000000001.wal", position, bit, LAST);
                    }
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    private static FaultyStorage log(long seed, boolean closed) {
        FaultyStorage storage = new FaultyStorage(seed, DiskRules.WORST);
        Wal wal = Wal.open(LogWorkload.config(storage).build());
        for (int i = 1; i <= LAST; i++) {
            wal.appendDurable(i, payload(i));
            if (i == 3) {
                wal.writeCheckpoint(2, out -> out.write(1));
                wal.roll();
            }
        }
        if (closed) {
            wal.close();
            return storage.killProcess();
        }
        FaultyStorage dead = storage.killProcess();
        try {
            wal.close();
        } catch (WalException e) {
            // Expected: the disk of the log has stopped.
            assertThat(wal.durableSequence()).isEqualTo(LAST);
        }
        return dead;
    }

    private static ByteBuffer payload(int record) {
        return ByteBuffer.wrap("a payload of its own".substring(0, 2 + record).getBytes(StandardCharsets.US_ASCII));
    }

    private static int everyByte(long seed, FaultyStorage log, int promised) {
        try {
            assertThat(read(log)).hasSize(LAST);
            int tried = 0;
            for (String file : log.list()) {
                int size = log.bytes(file).length;
                for (int position = 0; position < size; position++) {
                    boolean all = position >= ALL_BITS_FROM && position < ALL_BITS_TO;
                    for (int bit = 0; bit < 8; bit++) {
                        boolean one = bit == (position + seed) % 8
                                && (position < 128
                                        || (position >= 4_092 && position < ZEROS_FROM)
                                        || (position + seed) % ZEROS_STEP == 0);
                        if (all || one) {
                            check(log, file, position, bit, promised);
                            tried++;
                        }
                    }
                }
            }
            return tried;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void check(FaultyStorage log, String file, int position, int bit, int promised) throws IOException {
        log.flipBit(file, position, bit);
        String where = file + " at " + position + ", bit " + bit;
        try {
            List<String> records = read(log);
            assertThat(records.size()).as("A: %s", where).isBetween(promised, LAST);
            for (int i = 0; i < records.size(); i++) {
                assertThat(records.get(i)).as("P2: %s", where).isEqualTo(text(i + 1));
            }
        } catch (WalCorruptException | WalVersionException e) {
            assertThat(e.getMessage()).as(where).contains(log.describe());
        } finally {
            log.flipBit(file, position, bit);
        }
    }

    private static String text(int record) {
        return record + ":" + record + ":" + StandardCharsets.US_ASCII.decode(payload(record));
    }

    private static List<String> read(FaultyStorage log) {
        List<String> records = new ArrayList<>();
        try (WalReader reader = WalReader.open(ReadOptions.of(log))) {
            while (reader.next()) {
                records.add(reader.sequence() + ":" + reader.type() + ":"
                        + StandardCharsets.US_ASCII.decode(reader.payload()));
            }
        }
        return records;
    }
}
