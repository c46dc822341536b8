package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalListener;
import io.veloz.wal.testkit.Operation.Kind;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** E5 and E6: a full disk is reported, no acknowledged record is lost, and the log continues when there is space. */
class FullDiskTest {
    private final FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
    private final History<Step> history = new History<>(storage);
    private final CountDownLatch full = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    private Wal open() {
        return Wal.open(LogWorkload.config(storage)
                .listener(new WalListener() {
                    @Override
                    public void onDiskFull(String reason) {
                        full.countDown();
                    }

                    @Override
                    public void onDiskFullEnded() {
                        ended.countDown();
                    }
                })
                .build());
    }

    @Test
    void appendsAreRefusedWhileThereIsNoSpaceForTheNextSegment() throws Exception {
        try (Wal wal = open()) {
            LogWorkload workload = new LogWorkload(wal, history);
            workload.append(3);
            storage.capacityBytes(0);
            assertThatThrownBy(() -> new LogWorkload(wal, history).append(100))
                    .isInstanceOf(WalDiskFullException.class);
            full.await();
            storage.capacityBytes(Long.MAX_VALUE);
            ended.await();
            new LogWorkload(wal, history).append(20);
        }
        FaultyStorage after = storage.cutPower(7);
        LogCheck.check(after, history.on(after));
    }

    /** E6: wherever the space ends, in the footer or in the next segment, the partial file is ignored. */
    @Test
    void partialSegmentOnAFullDiskIsIgnored() throws Exception {
        int segment = 16 * 1024;
        for (int room = 0; room < 2 * segment; room += 1_700) {
            FaultyStorage disk = new FaultyStorage(room, DiskRules.WORST);
            History<Step> past = new History<>(disk);
            Wal wal = Wal.open(LogWorkload.config(disk).build());
            new LogWorkload(wal, past).append(2);
            while (!disk.list().contains(".orders_prepared.wal")) {
                Thread.onSpinWait();
            }
            disk.capacityBytes(2 * segment + room);
            assertThatThrownBy(() -> new LogWorkload(wal, past).append(100)).isInstanceOf(WalDiskFullException.class);

            FaultyStorage killed = disk.killProcess();
            killed.capacityBytes(Long.MAX_VALUE);
            History<Step> after = past.on(killed);
            assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
            LogCheck.checkAndAppend(killed, after);
            FaultyStorage dark = killed.cutPower(room);
            LogCheck.check(dark, after.on(dark));
        }
    }

    /** A copy-on-write file system can be full even where a segment is already allocated. */
    @Test
    void writeToAFullDiskIsReportedWaitsAndRefusesFurtherAppends() throws Exception {
        try (Wal wal = open()) {
            LogWorkload workload = new LogWorkload(wal, history);
            workload.append(3);
            storage.plan(FaultPlan.always(Kind.WRITE, Fault.NO_ROOM));
            CompletableFuture<Long> waiting =
                    wal.appendAsync(1, Step.Append.alone(4, 1).payload());
            full.await();
            assertThatThrownBy(() -> wal.append(1, Step.Append.alone(5, 1).payload()))
                    .isInstanceOf(WalDiskFullException.class);
            assertThat(waiting).isNotDone();
            storage.plan(FaultPlan.NONE);
            assertThat(waiting.join()).isEqualTo(4);
            ended.await();
            assertThat(wal.appendDurable(1, Step.Append.alone(5, 1).payload())).isEqualTo(5);
        }
    }
}
