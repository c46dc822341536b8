package io.veloz.wal;

import static io.veloz.wal.TestLog.CURRENT;
import static io.veloz.wal.TestLog.read;
import static io.veloz.wal.TestLog.sealed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.internal.format.Checksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of other versions, and files with unknown features. */
class VersionTest {
    private static final int VERSION_AT = 8;
    private static final int COMPATIBLE_AT = 12;
    private static final int READ_ONLY_COMPATIBLE_AT = 16;
    private static final int INCOMPATIBLE_AT = 20;

    private static MemoryStorage log() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            TestLog.append(wal, 2);
            wal.roll();
            TestLog.append(wal, 2);
        }
        return TestLog.prepare(storage);
    }

    /** Returns a log with a changed word in a header, and a valid checksum. */
    private static MemoryStorage with(String file, int at, int value) {
        MemoryStorage storage = log();
        byte[] bytes = storage.bytes(file);
        ByteBuffer page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        page.putInt(at, value);
        ByteBuffer unmarked = ByteBuffer.wrap(bytes.clone()).put(512, new byte[1024]);
        page.putInt(4092, new Checksum().of(unmarked, 0, 4092));
        return storage.put(file, bytes);
    }

    private static void refusedAsUnknown(MemoryStorage storage, String file) {
        var before = storage.content();
        assertThatThrownBy(() -> TestLog.open(storage))
                .isInstanceOf(WalVersionException.class)
                .hasMessageContaining(file)
                .hasMessageContaining("this library knows");
        assertThat(storage.content()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3, Integer.MAX_VALUE, -1})
    void otherVersionIsRefusedAndNothingIsTouched(int version) {
        for (String file : new String[] {sealed(1), CURRENT, TestLog.PREPARED}) {
            MemoryStorage storage = with(file, VERSION_AT, version);
            refusedAsUnknown(storage, file);
            assertThatThrownBy(() -> read(storage)).isInstanceOf(WalVersionException.class);
            assertThat(WalRecovery.inspect(ReadOptions.of(storage)).segments())
                    .anyMatch(segment -> segment.verdict() == Verdict.UNKNOWN_VERSION
                            && segment.file().equals(file));
        }
    }

    @Test
    void incompatibleFeatureIsRefused() {
        MemoryStorage storage = with(sealed(1), INCOMPATIBLE_AT, 4);
        refusedAsUnknown(storage, sealed(1));
        assertThatThrownBy(() -> read(storage)).isInstanceOf(WalVersionException.class);
    }

    @Test
    void readOnlyCompatibleFeatureIsReadAndNotWritten() {
        for (String file : new String[] {sealed(1), CURRENT, TestLog.PREPARED}) {
            MemoryStorage storage = with(file, READ_ONLY_COMPATIBLE_AT, 1 << 9);
            assertThat(read(storage)).hasSize(4);
            assertThat(WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE)
                            .isSound())
                    .as(file)
                    .isTrue();
            refusedAsUnknown(storage, file);
        }
    }

    @Test
    void compatibleFeatureIsIgnored() {
        MemoryStorage storage = with(CURRENT, COMPATIBLE_AT, 1 << 3);
        TestLog.open(storage).close();
        assertThat(read(storage)).hasSize(4);
    }

    @Test
    void damagedHeaderIsNotAnotherVersion() {
        assertThatThrownBy(() -> TestLog.open(log().flip(CURRENT, VERSION_AT, 2)))
                .isInstanceOf(WalCorruptException.class);
    }

    @Test
    void logOfTheOldEngineIsNamed() {
        byte[] old = {0x45, 0x4C, 0x41, 0x57, 1, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9};
        MemoryStorage storage = new MemoryStorage().put(CURRENT, old);
        assertThatThrownBy(() -> TestLog.open(storage))
                .isInstanceOf(WalVersionException.class)
                .hasMessageContaining("old engine");
        assertThat(storage.bytes(CURRENT)).isEqualTo(old);
    }
}
