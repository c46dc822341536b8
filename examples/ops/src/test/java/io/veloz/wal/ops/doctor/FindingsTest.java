package io.veloz.wal.ops.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One test for each finding, with figures on both sides of its threshold. */
class FindingsTest {
    private static void assertFinding(Finding finding, Severity severity, String... texts) {
        assertThat(finding.severity()).isEqualTo(severity);
        assertThat(finding.text()).contains(texts);
    }

    @Test
    void usualDiskHasOnlyFindingsThatAreOk() {
        assertThat(Cases.usual().codes())
                .containsExactly(
                        "force_does_something",
                        "zeros_help",
                        "preparation_keeps_up",
                        "roll_is_fast",
                        "wake_ups_are_prompt");
        assertThat(Cases.usual().findings().worst()).isEqualTo(Severity.OK);
    }

    @Test
    void mostSevereFindingIsFirst() {
        Findings findings = Cases.usual()
                .mount("tmpfs", "rw")
                .openLogs("orders")
                .space(new Space(1, 1, 1))
                .findings();
        assertThat(findings.worst()).isEqualTo(Severity.PROBLEM);
        assertThat(findings.list())
                .extracting(Finding::severity)
                .isSortedAccordingTo(java.util.Comparator.reverseOrder())
                .contains(Severity.PROBLEM, Severity.WARNING, Severity.NOTE, Severity.OK);
    }

    // ---- the force

    @Test
    void forceFasterThanAnyDeviceDoesNothing() {
        Cases fast = Cases.usual().nanos(Series.UNFORCED_4K, 1_000).nanos(Series.FORCED_4K, 7_999);
        assertFinding(fast.finding("force_does_nothing"), Severity.PROBLEM, "8.0 us (p50)", "no disk is that fast");
        assertThat(fast.finding("force_does_nothing").advice()).contains("tmpfs", "nobarrier", "network");
        assertThat(fast.codes()).doesNotContain("force_does_something");
        assertThat(fast.nanos(Series.FORCED_4K, 8_000).codes()).doesNotContain("force_does_nothing");
    }

    @Test
    void forceWithDirectAccessMayBeFaster() {
        Cases dax = Cases.usual()
                .nanos(Series.UNFORCED_4K, 1_000)
                .nanos(Series.FORCED_4K, 5_000)
                .mount("ext4", "rw", "dax=always");
        assertThat(dax.codes()).contains("force_does_something").doesNotContain("force_does_nothing");
    }

    @Test
    void forceThatAddsNothingToAWriteDoesNothing() {
        Cases same = Cases.usual().nanos(Series.UNFORCED_4K, 10_001).nanos(Series.FORCED_4K, 20_001);
        assertFinding(
                same.finding("force_does_nothing"),
                Severity.PROBLEM,
                "20.0 us (p50)",
                "less than 2 times a write without force, 10.0 us");
        assertThat(same.nanos(Series.FORCED_4K, 20_002).codes()).doesNotContain("force_does_nothing");
    }

    @Test
    void writeThatIsSlowItselfProvesNothing() {
        Cases slow = Cases.usual().nanos(Series.UNFORCED_4K, 50_000).nanos(Series.FORCED_4K, 60_000);
        assertFinding(
                slow.finding("force_does_something"), Severity.OK, "writes themselves reach a device or a server");
        assertThat(slow.nanos(Series.UNFORCED_4K, 49_999).codes()).contains("force_does_nothing");
    }

    @Test
    void forceThatReachesADeviceProvesNothingEither() {
        Finding finding = Cases.usual().finding("force_does_something");
        assertFinding(finding, Severity.OK, "100 us (p50), 33.3 times a write without force");
        assertThat(finding.advice()).contains("cannot be proven from user space", "veloz-wal stress");
    }

    @Test
    void rotatingDiskThatIsTooFastHasACache() {
        BlockDevice disk = new BlockDevice("sda", "ATA ST4000NM", "write back", true, "none");
        Cases fast = Cases.usual().disk(disk).nanos(Series.FORCED_4K, 999_999);
        assertFinding(fast.finding("force_faster_than_rotation"), Severity.WARNING, "1000 us (p50)", "sda");
        assertThat(fast.nanos(Series.FORCED_4K, 1_000_000).codes()).doesNotContain("force_faster_than_rotation");
    }

    @Test
    void virtualDiskThatStatesToRotateMayBeFast() {
        BlockDevice disk = new BlockDevice("vda", "", "write back", true, "none");
        assertThat(Cases.usual().disk(disk).codes()).doesNotContain("force_faster_than_rotation");
    }

    // ---- the file system

    @ParameterizedTest
    @CsvSource({
        "tmpfs, file_system_in_memory, PROBLEM",
        "ramfs, file_system_in_memory, PROBLEM",
        "overlay, file_system_of_container, WARNING",
        "nfs4, file_system_on_network, WARNING",
        "cifs, file_system_on_network, WARNING",
        "9p, file_system_on_network, WARNING",
        "fuse.sshfs, file_system_on_network, WARNING",
        "fuse.mergerfs, file_system_in_user_space, WARNING",
        "fuseblk, file_system_in_user_space, WARNING",
        "vfat, file_system_without_journal, WARNING",
        "btrfs, file_system_copies_on_write, NOTE",
        "zfs, file_system_copies_on_write, NOTE"
    })
    void kindOfFileSystemIsAFinding(String type, String code, Severity severity) {
        assertFinding(Cases.usual().mount(type, "rw").finding(code), severity, type + " at /data");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ext4", "xfs"})
    void journaledFileSystemIsNoFinding(String type) {
        assertThat(Cases.usual().mount(type, "rw").findings().worst()).isEqualTo(Severity.OK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nobarrier", "barrier=0", "barrier=none", "fsync_mode=nobarrier"})
    void disabledBarriersAreAProblem(String option) {
        assertFinding(
                Cases.usual().mount("ext4", "rw", option).finding("barriers_off"),
                Severity.PROBLEM,
                "rw," + option,
                "does not flush the write cache");
    }

    @Test
    void enabledBarriersAreNoFinding() {
        assertThat(Cases.usual().mount("ext4", "rw", "barrier=1", "barrier").codes())
                .doesNotContain("barriers_off");
    }

    @Test
    void volatileOverlayIsAProblem() {
        assertFinding(
                Cases.usual().mount("overlay", "rw", "volatile").finding("overlay_is_volatile"),
                Severity.PROBLEM,
                "a force does nothing");
    }

    @Test
    void writebackOfDataIsAWarning() {
        assertFinding(
                Cases.usual().mount("ext4", "data=writeback").finding("data_writeback"),
                Severity.WARNING,
                "data=writeback");
        assertThat(Cases.usual().mount("ext4", "data=ordered").findings().worst())
                .isEqualTo(Severity.OK);
    }

    @Test
    void journalOfDataIsANote() {
        assertFinding(
                Cases.usual().mount("ext4", "data=journal").finding("data_journal"), Severity.NOTE, "written twice");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sync", "dirsync"})
    void synchronousMountIsANote(String option) {
        assertFinding(Cases.usual().mount("ext4", option).finding("mounted_sync"), Severity.NOTE, "every write");
    }

    @Test
    void discardIsANote() {
        assertFinding(Cases.usual().mount("ext4", "discard").finding("mounted_discard"), Severity.NOTE, "trimmed");
    }

    // ---- the disk

    @Test
    void diskInMemoryIsAProblem() {
        BlockDevice disk = new BlockDevice("zram0", "", "write through", false, "none");
        assertFinding(Cases.usual().disk(disk).finding("disk_in_memory"), Severity.PROBLEM, "zram0 is in memory");
    }

    @Test
    void diskWithoutAVolatileCacheIsANote() {
        BlockDevice real = new BlockDevice("sda", "ATA SSD", "write through", false, "none");
        BlockDevice virtual = new BlockDevice("vda", "", "write through", false, "none");
        assertFinding(Cases.usual().disk(real).finding("disk_write_through"), Severity.NOTE, "sda", "sends no flush");
        assertFinding(Cases.usual().disk(virtual).finding("disk_write_through"), Severity.NOTE, "hypervisor");
    }

    @Test
    void schedulerThatDelaysForcesIsANote() {
        BlockDevice disk = new BlockDevice("sda", "", "write back", false, "bfq");
        assertFinding(Cases.usual().disk(disk).finding("disk_scheduler"), Severity.NOTE, "of sda is bfq");
    }

    // ---- speed

    @Test
    void slowForceIsANote() {
        Cases slow = Cases.usual().nanos(Series.FORCED_256, 5_000_000).nanos(Series.FORCED_4K, 5_000_000);
        assertFinding(slow.finding("force_is_slow"), Severity.NOTE, "5.0 ms (p50)", "200 durable records/s");
        assertThat(slow.nanos(Series.FORCED_4K, 4_999_999).codes()).doesNotContain("force_is_slow");
    }

    @Test
    void longTailIsANote() {
        Latencies tail = new Latencies(1000, 100_000, 100_000, 100_000, 2_000_000, 2_000_000);
        Latencies shorter = new Latencies(1000, 100_000, 100_000, 100_000, 1_999_999, 2_000_000);
        assertFinding(
                Cases.usual().set(Series.FORCED_4K, tail).finding("force_has_a_long_tail"), Severity.NOTE, "2.0 ms");
        assertThat(Cases.usual().set(Series.FORCED_4K, shorter).codes()).doesNotContain("force_has_a_long_tail");
    }

    @Test
    void tooFewSamplesAreANote() {
        Latencies few = new Latencies(999, 100_000, 100_000, 100_000, 9_000_000, 9_000_000);
        Cases cases = Cases.usual().set(Series.FORCED_4K, few);
        assertFinding(cases.finding("few_samples"), Severity.NOTE, "from 999 writes");
        assertThat(cases.codes()).doesNotContain("force_has_a_long_tail");
    }

    @Test
    void zerosThatSaveLittleAreANote() {
        Cases little = Cases.usual().nanos(Series.SPARSE_4K, 119_000);
        assertFinding(little.finding("zeros_do_not_help"), Severity.NOTE, "100 us", "119 us", "1.2 times");
        assertFinding(
                little.nanos(Series.SPARSE_4K, 120_000).finding("zeros_help"), Severity.OK, "120 us in a sparse one");
    }

    @Test
    void preparationThatIsSlowerThanCommitsIsANote() {
        // Batches of 1 MiB in 2 ms are 500 MiB/s.
        Cases slow = Cases.usual().fillRate(500 * Cases.MIB - 1);
        assertFinding(
                slow.finding("preparation_is_slower_than_commits"),
                Severity.NOTE,
                "500 MiB/s",
                "wait for the next segment");
        assertFinding(slow.fillRate(500 * Cases.MIB).finding("preparation_keeps_up"), Severity.OK, "500 MiB/s");
    }

    @Test
    void fillThatDisturbsCommitsIsANote() {
        Cases disturbed = Cases.usual().nanos(Series.DURING_FILL, 300_000);
        assertFinding(disturbed.finding("fill_disturbs_commits"), Severity.NOTE, "300 us", "100 us");
        assertThat(disturbed.nanos(Series.DURING_FILL, 299_999).codes()).doesNotContain("fill_disturbs_commits");
    }

    @Test
    void slowRollIsANote() {
        Cases slow = Cases.usual().nanos(Series.RENAME, 10_000_000).nanos(Series.DIRECTORY_FORCE, 40_000_000);
        assertFinding(slow.finding("roll_is_slow"), Severity.NOTE, "50.0 ms (p99)");
        assertFinding(slow.nanos(Series.RENAME, 9_999_999).finding("roll_is_fast"), Severity.OK, "50.0 ms");
    }

    // ---- the machine

    @Test
    void singleProcessorIsANote() {
        assertFinding(
                Cases.usual()
                        .processors(new Processors(1, OptionalDouble.empty()))
                        .finding("one_processor"),
                Severity.NOTE,
                "one processor");
    }

    @Test
    void limitOfProcessorsIsANote() {
        assertFinding(
                Cases.usual()
                        .processors(new Processors(4, OptionalDouble.of(1.5)))
                        .finding("processors_are_limited"),
                Severity.NOTE,
                "1.50 of 4 processors");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PARK_OVERSHOOT", "UNPARK"})
    void lateWakeUpIsANote(Series series) {
        Cases late = Cases.usual().nanos(series, 1_000_000);
        assertFinding(late.finding("wake_ups_are_late"), Severity.NOTE, "1.0 ms");
        assertFinding(late.nanos(series, 999_999).finding("wake_ups_are_prompt"), Severity.OK, "1000 us");
    }

    @Test
    void littleSpaceIsAWarning() {
        Cases little = Cases.usual().space(new Space((512L << 20) - 1, 1L << 40, -1));
        assertFinding(little.finding("little_space"), Severity.WARNING, "512 MiB are free");
        assertThat(little.space(new Space(512L << 20, 1L << 40, -1)).codes()).doesNotContain("little_space");
    }

    @Test
    void fewInodesAreAWarning() {
        Cases few = Cases.usual().space(new Space(1L << 40, 1L << 41, 999));
        assertFinding(few.finding("few_inodes"), Severity.WARNING, "999 files");
        assertThat(few.space(new Space(1L << 40, 1L << 41, 1000)).codes()).doesNotContain("few_inodes");
    }

    @Test
    void openLogIsANote() {
        assertFinding(
                Cases.usual().openLogs("orders", "fills").finding("log_is_open"), Severity.NOTE, "(orders, fills)");
    }
}
