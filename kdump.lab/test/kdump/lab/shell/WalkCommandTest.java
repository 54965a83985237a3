// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.Walk;
import kdump.lab.api.Walk.Cache;
import kdump.lab.api.WalkQuestion;
import kdump.lab.shell.FakeLab.Result;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The request that {@code walk} asks about, and how the way of it is told. */
class WalkCommandTest {

    private static final Walk.Result THERE =
            new Walk.Result("translated", 0x123000L, 4096, null, "");
    private static final Walk.Result BLOCKED =
            new Walk.Result("blocked", null, 0, "vtd:0x06", "not writable");

    private final FakeLab lab = new FakeLab();

    private static Walk.Step step(String structure, Cache cache) {
        return new Walk.Step(structure, 0x2000, List.of(1L, 2L),
                List.of(new Walk.Field("P", "1")), "present", cache);
    }

    @BeforeEach
    void answer() {
        lab.walk = new Walk(List.of(step("root entry", new Cache(null, "none", null, false))),
                THERE, THERE, null);
    }

    private Result walk(String... more) {
        List<String> line = new ArrayList<>(List.of("walk", "vtd1", "02:00.0", "0xfffff123"));
        line.addAll(List.of(more));
        return lab.run(line.toArray(String[]::new));
    }

    private WalkQuestion question(String... more) {
        Result result = walk(more);
        assertThat(result.status()).as(result.err()).isZero();
        return lab.question;
    }

    @Test
    void aRequestReadsUnlessItSaysOtherwise() {
        WalkQuestion plain = question();
        assertThat(plain.requester()).isEqualTo(0x200);
        assertThat(plain.address()).isEqualTo(0xfffff123L);
        assertThat(plain.access()).isEqualTo(Access.READ);
        assertThat(plain.pasid()).isEqualTo(-1);
        assertThat(plain.policy()).isNull();
        assertThat(question("--write").access()).isEqualTo(Access.WRITE);
    }

    @Test
    void aPasidBringsItsRights() {
        WalkQuestion question = question("--pasid", "5", "--execute", "--privileged");
        assertThat(question.pasid()).isEqualTo(5);
        assertThat(question.access())
                .isEqualTo(Access.READ | Access.EXECUTE | Access.PRIVILEGED);
    }

    @Test
    void aTranslationRequestThatWillWriteAlsoReads() {
        WalkQuestion question = question("--translation-request", "--write");
        assertThat(question.translationRequest()).isTrue();
        assertThat(question.access()).isEqualTo(Access.READ | Access.WRITE);
    }

    @Test
    void aMessageIsAWriteToTheInterruptRange() {
        lab.run("walk", "vtd1", "02:00.0", "0xfee00000", "--write", "--data", "0x30");
        assertThat(lab.question.isInterrupt()).isTrue();
        assertThat(lab.question.data()).isEqualTo(0x30);
    }

    @Test
    void theUnitMayBeLookedAtAfterARun() {
        WalkQuestion question = question("--after", "copy-tables", "--rate", "2", "--seed", "3");
        assertThat(question.policy()).isEqualTo("copy-tables");
        assertThat(question.options().rateFactor()).isEqualTo(2);
        assertThat(question.options().seed()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"--execute, need --pasid", "--privileged, need --pasid",
        "--pasid 1 --execute --write, goes with reading", "--rate 2, needs --after",
        "--crash-at 1ms, needs --after", "--kernel 6.1, needs --after",
        "--kernel-setting a=1, needs --after", "--data 1, goes with --write",
        "--pasid 0x100000, 20 bits", "--pasid x, 20 bits", "--pasid -1, 20 bits",
        "--data 0x100000000 --write, 32 bits"})
    void whatDoesNotGoTogetherIsRefused(String more, String why) {
        Result result = walk(more.split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).contains(why);
        assertThat(lab.question).isNull();
    }

    @ParameterizedTest
    @CsvSource({"99:99.9, 0, requester", "02:00.0, zero, address", "02:00.0, 0x, address",
        "02:00.0, 0x10000000000000000, address"})
    void requesterAndAddressAreChecked(String requester, String address, String what) {
        assertThat(lab.run("walk", "vtd1", requester, address).err())
                .startsWith("lab: walk: " + what + " '");
    }

    @Test
    void everyStepIsToldWithWhatTheCachesKnow() {
        lab.walk = new Walk(List.of(step("root entry", new Cache(null, "none", null, false)),
                step("context entry", new Cache("context-cache", "hit", "domain 7", true)),
                step("leaf", new Cache("iotlb", "skipped", null, false)),
                step("lookup", new Cache("iotlb", "miss", null, false))), BLOCKED, THERE,
                FakeLab.CLEAN);
        assertThat(walk().out().lines().toList()).contains(
                "after copy-tables: capture kernel ok, dump complete",
                "root entry               at 0x2000: 0000000000000001 0000000000000002",
                "    P          1", "    -> present", "    no cache keeps it",
                "    context-cache: hit, domain 7 (stale: memory says otherwise)",
                "    not read: iotlb has answered", "    iotlb: miss",
                "blocked: vtd:0x06 not writable",
                "without the caches, memory says: translated: 0x123000 in a page of 4096 bytes");
    }

    @Test
    void aResultSaysWhereTheRequestGoes() {
        assertThat(walk().out()).endsWith("translated: 0x123000 in a page of 4096 bytes\n");
        lab.walk = new Walk(List.of(), new Walk.Result("untranslated", 5L, 0, null, "TE is 0"),
                null, null);
        assertThat(walk().out()).isEqualTo("untranslated: 0x5, TE is 0\n");
        lab.walk = new Walk(List.of(), new Walk.Result("interrupt", null, 0, null, "vector 30"),
                null, null);
        assertThat(walk().out()).isEqualTo("interrupt: vector 30\n");
    }

    @Test
    void aWalkIsOneDocument() {
        lab.walk = new Walk(lab.walk.steps(), BLOCKED, THERE, FakeLab.CLEAN);
        assertThat(walk("--json").out()).isEqualTo("{\"steps\":[{\"structure\":\"root entry\","
                + "\"address\":\"0x2000\",\"raw\":[\"0x0000000000000001\",\"0x0000000000000002\"],"
                + "\"fields\":{\"P\":\"1\"},\"decision\":\"present\",\"cache\":{\"name\":null,"
                + "\"outcome\":\"none\",\"value\":null,\"stale\":false}}],\"result\":{\"outcome\":"
                + "\"blocked\",\"physicalAddress\":null,\"pageBytes\":0,\"fault\":\"vtd:0x06\","
                + "\"text\":\"not writable\",\"stale\":true,\"tables\":{\"outcome\":\"translated\","
                + "\"physicalAddress\":\"0x123000\",\"pageBytes\":4096,\"fault\":null,"
                + "\"text\":\"\"},\"after\":{\"policy\":\"copy-tables\","
                + "\"captureKernel\":\"ok\",\"dump\":\"complete\"}}}\n");
    }
}
