// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import kdump.lab.tests.Guide.Followed;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who follows a guide word for word, in an empty folder, has a bundle that is in force. */
class GuidesTest {

    private static final Pattern ARTIFACT = Pattern.compile(
            "<artifactId>([^<@]*)</artifactId>\\s*<version>([^<@]*)</version>");

    @TempDir
    Path folder;
    @TempDir
    Path programs;

    @BeforeEach
    void needsMaven() throws IOException {
        assumeTrue(Guide.isPossible(), "no Maven, or not what the projects build with");
    }

    private static Followed followed(Guide guide, String commands) throws Exception {
        Followed followed = guide.follow(commands);
        assertThat(followed.err()).as(followed.out()).isEmpty();
        assertThat(followed.status()).isZero();
        return followed;
    }

    @Test
    void aPolicyIsInForce() throws Exception {
        try (var guide = new Guide(folder, programs)) {
            Followed followed = followed(guide, Guide.commands("policy-author.md"));
            assertThat(followed.out()).contains("\nmy-policy                my-policy ");
            String load = " --load my-policy/target/my-policy.jar";
            var verdicts = verdicts(guide,
                    "server-2014 --policy linux --policy my-policy" + load);
            assertThat(verdicts).extracting(v -> v.get("policy"))
                    .containsExactly("linux", "my-policy");
            assertThat(verdicts).extracting(v -> v.get("captureKernel")).containsOnly("ok");
            assertThat(blocked(verdicts.get(1))).isLessThan(blocked(verdicts.get(0)) / 100);
            assertThat(followed(guide, "lab why vtd1 --policy my-policy dump" + load).out())
                    .isNotEmpty();
            assertThat(guide.follow("lab crash vtd1 --policy my-policy").status())
                    .as("without --load").isEqualTo(2);
        }
    }

    @Test
    void aDeviceIsInForce() throws Exception {
        try (var guide = new Guide(folder, programs)) {
            Followed followed = followed(guide, Guide.commands("device-author.md"));
            assertThat(followed.out()).contains("my-machine, seed 1", "unit 0: blocks a request",
                    "requester 0000:00:03.0", "0000:00:03.0: begins to work on a request");
            String machine = "my-device/my-machine.yaml";
            String load = " --load my-device/target";
            assertThat(verdicts(guide, machine + " --policy linux" + load)).singleElement()
                    .satisfies(v -> assertThat(v).containsEntry("captureKernel", "ok")
                            .containsEntry("dump", "complete"));
            String option = "lab compare " + machine + " --policy linux --device-option"
                    + " 00:03.0,wedgesOnAbort=0";
            assertThat(guide.follow(option).status()).as("the generic engine").isZero();
            assertThat(guide.follow(option + load).status()).as("this one").isEqualTo(2);
        }
    }

    @Test
    void aVendorIsInForce() throws Exception {
        try (var guide = new Guide(folder, programs)) {
            Followed followed = followed(guide, Guide.commands("vendor-author.md"));
            assertThat(followed.out()).contains("function entry ", "directory entry ",
                    "page entry ", "translated: 0x", "my-vendor:2 ",
                    "blocks a request: the function entry is not present");
            String machine = "my-vendor/my-machine.yaml";
            String load = " --load my-vendor/target";
            assertThat(Json.rows(Json.read(followed(guide,
                    "lab mappings --json " + machine + load).out()))).isNotEmpty()
                    .allSatisfy(row -> assertThat(row.get("requester").toString())
                            .matches("0000:00:0[34][.]0"));
            var verdicts = verdicts(guide, machine + load);
            assertThat(verdicts).hasSizeGreaterThan(15).allSatisfy(v ->
                    assertThat(v).containsEntry("captureKernel", "ok")
                            .containsEntry("dump", "complete"));
            assertThat(verdicts.get(0)).containsEntry("policy", "linux");
            assertThat(blocked(verdicts.get(0))).as("tables are adopted").isZero();
            Files.writeString(folder.resolve("live.gosh"), "begin " + machine + " --policy linux\n"
                    + "next T4\nuse disable-reinit\nnext T7\nstate\nverdict\n");
            assertThat(followed(guide, "lab -f live.gosh" + load).out()).contains(
                    "disable-reinit decides from here on", "my-vendor  translates",
                    "unit 0: first write of 0000:00:03.0 at ", "my-vendor:2 ");
            Followed without = guide.follow("lab mappings " + machine);
            assertThat(without.status()).isEqualTo(2);
            assertThat(without.err()).contains("no bundle provides the IOMMU vendor 'my-vendor'")
                    .hasLineCount(1);
        }
    }

    private static List<Map<String, Object>> verdicts(Guide guide, String arguments)
            throws Exception {
        return Json.rows(Json.object(Json.read(followed(guide,
                "lab compare --json " + arguments).out())).get("verdicts"));
    }

    private static long blocked(Map<String, Object> verdict) {
        return (long) Json.object(verdict.get("faults")).get("requests");
    }

    /** What is fetched for projects is what their poms ask for. */
    @Test
    void buildsFetchWhatProjectsNeed() throws IOException {
        assertThat(artifacts("cnf/kit/pom.xml")).contains("bnd-maven-plugin 7.2.3")
                .containsAll(artifacts("kdump.lab/templates/common/pom.xml"));
    }

    private static List<String> artifacts(String pom) throws IOException {
        return ARTIFACT.matcher(Files.readString(LabProcess.ROOT.resolve(pom))).results()
                .map(found -> found.group(1) + " " + found.group(2)).toList();
    }
}
