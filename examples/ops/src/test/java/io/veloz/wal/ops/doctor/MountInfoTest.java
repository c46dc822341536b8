package io.veloz.wal.ops.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class MountInfoTest {
    private static final String ROOT = "26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n";

    private static MountInfo parse(String... lines) {
        return MountInfo.parse(String.join("", lines).getBytes(StandardCharsets.UTF_8));
    }

    private static Mount find(String path, String... lines) {
        return parse(lines).of(path).orElseThrow();
    }

    @Test
    void allFieldsOfALineAreRead() {
        assertThat(find("/srv/wal", ROOT))
                .isEqualTo(new Mount("254:0", "/", "ext4", "/dev/vda", java.util.List.of("rw", "relatime", "discard")));
    }

    @Test
    void anyNumberOfOptionalFieldsIsSkipped() {
        String none = "30 26 8:1 / /a rw - xfs /dev/sda1 rw,logbufs=8\n";
        String two = "31 26 8:2 / /b rw shared:2 master:1 - btrfs /dev/sda2 rw\n";
        assertThat(find("/a/wal", ROOT, none, two).type()).isEqualTo("xfs");
        assertThat(find("/a/wal", ROOT, none, two).value("logbufs")).hasValue("8");
        assertThat(find("/b/wal", ROOT, none, two).type()).isEqualTo("btrfs");
    }

    @Test
    void octalEscapesAreDecoded() {
        String line =
                "30 26 8:1 / /my\\040data\\011\\012\\134x\\043 rw - ext4 /dev/disk\\040one rw,lowerdir=/a\\054b\n";
        Mount mount = find("/my data\t\n\\x#/wal", ROOT, line);
        assertThat(mount.point()).isEqualTo("/my data\t\n\\x#");
        assertThat(mount.source()).isEqualTo("/dev/disk one");
        assertThat(mount.value("lowerdir")).hasValue("/a,b");
    }

    @Test
    void backslashWithoutThreeOctalDigitsStays() {
        assertThat(find("/", "26 1 0:9 / / rw - ext4 a\\8b\\04 rw\n").source()).isEqualTo("a\\8b\\04");
    }

    @Test
    void namesAreUtf8AlsoInEscapes() {
        String line = "30 26 8:1 / /gr\\303\\274n/д rw - ext4 /dev/sdb rw\n";
        assertThat(find("/grün/д/wal", ROOT, line).source()).isEqualTo("/dev/sdb");
    }

    @Test
    void longestMountPointIsFound() {
        String srv = "30 26 8:1 / /srv rw - xfs /dev/sda1 rw\n";
        String wal = "31 30 0:40 / /srv/wal rw - tmpfs tmpfs rw\n";
        assertThat(find("/srv/wal", ROOT, srv, wal).type()).isEqualTo("tmpfs");
        assertThat(find("/srv/wal/deep/er", ROOT, srv, wal).type()).isEqualTo("tmpfs");
        assertThat(find("/srv/other", ROOT, srv, wal).type()).isEqualTo("xfs");
        assertThat(find("/", ROOT, srv, wal).type()).isEqualTo("ext4");
    }

    @Test
    void mountPointIsComparedByWholeNames() {
        String line = "30 26 8:1 / /srv/wal rw - xfs /dev/sda1 rw\n";
        assertThat(find("/srv/wal2", ROOT, line).type()).isEqualTo("ext4");
    }

    @Test
    void laterMountAtTheSamePointCoversTheEarlier() {
        String first = "30 26 8:1 / /srv rw - xfs /dev/sda1 rw\n";
        String second = "31 30 0:40 / /srv rw - tmpfs tmpfs rw\n";
        assertThat(find("/srv/wal", ROOT, first, second).type()).isEqualTo("tmpfs");
    }

    @Test
    void mountThatALaterOneHidesIsNotFound() {
        String inner = "30 26 8:1 / /srv/wal rw - xfs /dev/sda1 rw\n";
        String outer = "31 26 0:40 / /srv rw - tmpfs tmpfs rw\n";
        assertThat(find("/srv/wal", ROOT, inner, outer).type()).isEqualTo("tmpfs");
    }

    @Test
    void bindMountHasTheFileSystemOfItsSource() {
        String bind = "30 26 8:5 /exports/a /srv rw - ext4 /dev/sda5 rw,data=writeback\n";
        Mount mount = find("/srv/wal", ROOT, bind);
        assertThat(mount.device()).isEqualTo("8:5");
        assertThat(mount.value("data")).hasValue("writeback");
    }

    @Test
    void rootOfAContainerIsItsOverlay() {
        String overlay =
                "600 500 0:50 / / rw,relatime master:9 - overlay overlay rw,lowerdir=/l1:/l2,upperdir=/u,volatile\n";
        String volume = "601 600 259:1 /v/data /data rw - ext4 /dev/nvme0n1p1 rw\n";
        assertThat(find("/app", overlay, volume).has("volatile")).isTrue();
        assertThat(find("/data/wal", overlay, volume).source()).isEqualTo("/dev/nvme0n1p1");
    }

    @Test
    void rootThatIsMountedTwiceIsTheUpper() {
        String rootfs = "1 1 0:1 / / rw - rootfs rootfs rw\n";
        assertThat(find("/srv", rootfs, ROOT).type()).isEqualTo("ext4");
    }

    @Test
    void withoutAMountOfTheRootTheLongestMountPointIsFound() {
        String srv = "30 26 8:1 / /srv rw - xfs /dev/sda1 rw\n";
        String wal = "31 30 0:40 / /srv/wal rw - tmpfs tmpfs rw\n";
        assertThat(find("/srv/wal/x", wal, srv).type()).isEqualTo("tmpfs");
        assertThat(parse(srv, wal).of("/home")).isEmpty();
    }

    @Test
    void linesOfAnotherFormAreSkipped() {
        assertThat(find("/srv", "\n", "nonsense\n", "30 26 8:1 / /srv rw shared:1\n", "a b c d e f - g h i\n", ROOT)
                        .type())
                .isEqualTo("ext4");
        assertThat(parse("").of("/srv")).isEmpty();
    }
}
