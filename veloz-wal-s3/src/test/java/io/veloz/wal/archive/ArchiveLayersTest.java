package io.veloz.wal.archive;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.veloz.wal.architecture.PublicApi;
import org.junit.jupiter.api.Test;

/** The layers of the archive, and that it uses only the public API of the log. */
class ArchiveLayersTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.veloz.wal.archive");

    private static final String STORE = "io.veloz.wal.archive.store";
    private static final String PROBE = "io.veloz.wal.archive.store.probe";
    private static final String S3 = "io.veloz.wal.archive.s3";
    private static final String METRICS = "io.veloz.wal.archive.metrics";
    private static final String FORMAT = "io.veloz.wal.archive.internal.format";
    private static final String IO = "io.veloz.wal.archive.internal.io";
    private static final String SHIPLOG = "io.veloz.wal.archive.internal.shiplog";
    private static final String PROOF = "io.veloz.wal.archive.internal.proof";
    private static final String RESTORE = "io.veloz.wal.archive.internal.restore";
    private static final String SHIP = "io.veloz.wal.archive.internal.ship";
    private static final String REPAIR = "io.veloz.wal.archive.internal.repair";
    private static final String READ = "io.veloz.wal.archive.internal.read";

    @Test
    void formatDependsOnNeitherStoresNorThreads() {
        noClasses()
                .that()
                .resideInAPackage(FORMAT)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        STORE,
                        S3,
                        IO,
                        SHIPLOG,
                        PROOF,
                        RESTORE,
                        SHIP,
                        READ,
                        "io.veloz.wal.archive",
                        "java.util.concurrent..",
                        "java.nio.file..")
                .check(CLASSES);
    }

    @Test
    void pacingDependsOnStoresOnly() {
        noClasses()
                .that()
                .resideInAPackage(IO)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.veloz.wal", "io.veloz.wal.archive", S3, FORMAT, SHIPLOG, PROOF, RESTORE, SHIP, READ)
                .check(CLASSES);
    }

    @Test
    void storesDoNotDependOnTheLog() {
        noClasses()
                .that()
                .resideInAnyPackage(STORE, PROBE, S3)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.veloz.wal",
                        "io.veloz.wal.archive",
                        "io.veloz.wal.archive.internal..",
                        "io.veloz.wal.orders..")
                .check(CLASSES);
    }

    @Test
    void shipLogDoesNotDependOnTheLocalLog() {
        noClasses()
                .that()
                .resideInAnyPackage(SHIPLOG)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.veloz.wal", PROOF, RESTORE, SHIP, READ)
                .check(CLASSES);
    }

    @Test
    void writerAndReaderAreIndependent() {
        noClasses()
                .that()
                .resideInAPackage(SHIP)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(PROOF, RESTORE, READ)
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAnyPackage(PROOF, RESTORE, READ)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(SHIP)
                .check(CLASSES);
    }

    @Test
    void readingInPlaceAndRestoreAreIndependent() {
        noClasses()
                .that()
                .resideInAPackage(READ)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(RESTORE)
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAnyPackage(PROOF, RESTORE)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(READ)
                .check(CLASSES);
    }

    @Test
    void nothingBelowThePublicApiDependsOnRepair() {
        noClasses()
                .that()
                .resideInAnyPackage(STORE, S3, FORMAT, IO, SHIPLOG, PROOF, RESTORE, SHIP, READ)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(REPAIR)
                .check(CLASSES);
    }

    @Test
    void onlyReadingInPlaceDependsOnTheCache() {
        noClasses()
                .that()
                .resideOutsideOfPackage(READ)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.github.benmanes..")
                .check(CLASSES);
    }

    @Test
    void onlyOnePackageDependsOnTheAwsSdk() {
        noClasses()
                .that()
                .resideOutsideOfPackage(S3)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("software.amazon..", S3)
                .check(CLASSES);
    }

    @Test
    void archiveUsesThePublicApiOfTheLogOnly() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAPackage("io.veloz.wal.internal.."))
                .check(CLASSES);
    }

    @Test
    void publicApiContainsNoThirdPartyTypes() {
        classes()
                .that()
                .resideOutsideOfPackages("io.veloz.wal.archive.internal..", METRICS)
                .and()
                .arePublic()
                .should(PublicApi.useOnlyOwnAndJavaTypesInPublicMembers())
                .check(CLASSES);
    }
}
