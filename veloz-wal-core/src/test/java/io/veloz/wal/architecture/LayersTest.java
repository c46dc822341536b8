package io.veloz.wal.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.nio.channels.FileChannel;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The layers: format does not depend on files, files not on threads, and no layer on those above it. */
class LayersTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.veloz.wal");

    private static final String API = "io.veloz.wal";
    private static final String SPI = "io.veloz.wal.spi";
    private static final String RESTORE = "io.veloz.wal.restore";
    private static final String STORAGE = "io.veloz.wal.storage";
    private static final String FORMAT = "io.veloz.wal.internal.format";
    private static final String SEGMENT = "io.veloz.wal.internal.segment";
    private static final String RECOVERY = "io.veloz.wal.internal.recovery";
    private static final String REPLAY = "io.veloz.wal.internal.replay";
    private static final String COMMIT = "io.veloz.wal.internal.commit";
    private static final String CHECKPOINT = "io.veloz.wal.internal.checkpoint";
    private static final String STATS = "io.veloz.wal.internal.stats";
    private static final String METRICS = "io.veloz.wal.metrics";

    /** The classes that connect the layers. All other classes in their package are values that every layer may use. */
    private static final Set<String> FACADE = Set.of(
            "Wal",
            "Wiring",
            "OlderSegmentsOfOpenLog",
            "WalReader",
            "WalRecovery",
            "WalCheckpoint",
            "Appender",
            "Salvage",
            "Trim",
            "RecordGroup",
            "OutputGate",
            "HeldOutputs");

    @Test
    void formatDependsOnNeitherFilesNorThreads() {
        noClasses()
                .that()
                .resideInAPackage(FORMAT)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(STORAGE, SEGMENT, RECOVERY, REPLAY, COMMIT, CHECKPOINT)
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage(FORMAT)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.nio.file..", "java.nio.channels..", "java.util.concurrent..")
                .check(CLASSES);
    }

    @Test
    void segmentsDependOnNoThreads() {
        noClasses()
                .that()
                .resideInAnyPackage(SEGMENT, RECOVERY, CHECKPOINT)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(COMMIT, REPLAY, "java.util.concurrent..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage(SEGMENT)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(RECOVERY, CHECKPOINT)
                .check(CLASSES);
    }

    @Test
    void measuringDependsOnNothingThatIsMeasured() {
        noClasses()
                .that()
                .resideInAPackage(STATS)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(STORAGE, FORMAT, SEGMENT, RECOVERY, REPLAY, COMMIT, CHECKPOINT)
                .check(CLASSES);
    }

    @Test
    void storageDoesNotDependOnTheLog() {
        noClasses()
                .that()
                .resideInAPackage(STORAGE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.veloz.wal.internal..")
                .check(CLASSES);
    }

    @Test
    void onlyStorageTouchesFileChannels() {
        noClasses()
                .that()
                .resideOutsideOfPackage(STORAGE)
                .and()
                .doNotHaveSimpleName("Salvage")
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(FileChannel.class)
                .check(CLASSES);
    }

    /** J8: a fault in a mapped file is an InternalError, or the end of the JVM. */
    @Test
    void noFileIsMapped() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(java.nio.MappedByteBuffer.class)
                .check(CLASSES);
    }

    @Test
    void noLayerDependsOnTheLayersAboveIt() {
        noClasses()
                .that()
                .resideInAnyPackage("io.veloz.wal.internal..", STORAGE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(METRICS)
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAnyPackage("io.veloz.wal.internal..", STORAGE)
                .should()
                .dependOnClassesThat(new com.tngtech.archunit.base.DescribedPredicate<JavaClass>("are the facade") {
                    @Override
                    public boolean test(JavaClass type) {
                        return type.getPackageName().equals(SPI)
                                || (type.getPackageName().equals(API) && FACADE.contains(type.getSimpleName()));
                    }
                })
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAnyPackage(API, SPI, RESTORE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(METRICS)
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAnyPackage("io.veloz.wal.internal..", STORAGE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(RESTORE)
                .check(CLASSES);
    }

    @Test
    void metricsUseThePublicApiAlone() {
        noClasses()
                .that()
                .resideInAnyPackage(METRICS)
                .should()
                .dependOnClassesThat(resideInAPackage("io.veloz.wal.internal.."))
                .check(CLASSES);
    }

    @Test
    void publicApiUsesNoThirdPartyType() {
        classes()
                .that()
                .resideOutsideOfPackages("io.veloz.wal.internal..", METRICS)
                .and()
                .arePublic()
                .should(PublicApi.useOnlyOwnAndJavaTypesInPublicMembers())
                .check(CLASSES);
    }
}
