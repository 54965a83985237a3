// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.api.Walk;
import kdump.lab.api.live.LiveState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reports to the last letter: verdicts, walks, timelines and live machines. */
class WholeReportsTest {

    /** Writes into the generator. */
    @FunctionalInterface
    private interface Writing {

        void to(JsonGenerator json) throws IOException;
    }

    private static String text(Consumer<PrintStream> printing) {
        var bytes = new ByteArrayOutputStream();
        printing.accept(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static String json(Writing writing) throws IOException {
        var text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            writing.to(json);
        }
        return text.toString().replace('"', '\'');
    }

    private static String object(Writing writing) throws IOException {
        return json(json -> {
            json.writeStartObject();
            writing.to(json);
            json.writeEndObject();
        });
    }

    // ---- verdicts -------------------------------------------------------------------------------

    private static Verdict clean() {
        return new Verdict("none", "ok", "complete", 0, 0, 0, 0, 0, 0, 0,
                new Verdict.Faults(0, 0, 0, new TreeMap<>(), new TreeMap<>(), List.of()),
                new Verdict.Untranslated(0, new TreeMap<>(), new Verdict.Landed(0, 0, 0, 0, 0)),
                false, List.of(), new Verdict.Interrupts(0, 0, 0), List.of(), 0, "done", List.of(),
                List.of());
    }

    /** Has another number everywhere. */
    private static Verdict bad() {
        return new Verdict("some", "hung", "corrupt", 1, 2, 3, 4, 5, 6, 7,
                new Verdict.Faults(8, 9, 10, new TreeMap<>(Map.of("x:0x05", 11L, "x:0x06", 12L)),
                        new TreeMap<>(Map.of("0000:01:00.0", 13L)),
                        List.of(new Verdict.FaultGroup("0000:01:00.0", "x:0x05", 3, 14, -1L),
                                new Verdict.FaultGroup("0000:02:00.0", "x:0x06", 0, 15, 0x1000))),
                new Verdict.Untranslated(16, new TreeMap<>(Map.of("0000:02:00.0", 17L,
                        "0000:03:00.0", 18L)), new Verdict.Landed(19, 20, 21, 22, 23)),
                true, List.of(new Verdict.ErrorReport("0000:00:1c.0", "UR", "fatal", 24, "open",
                        "nothing")), new Verdict.Interrupts(25, 26, 27),
                List.of(new Verdict.DriverFailure("0000:01:00.0", "\"timeout\""),
                        new Verdict.DriverFailure("0000:02:00.0", "gone")),
                28, "stuck", List.of("one", "two"), List.of("assumed"));
    }

    private static String row(Verdict v, boolean stock) {
        return text(out -> VerdictText.row(v, stock, out)).strip().replaceAll(" +", " ");
    }

    @Test
    void aRowHasTheNumbersOfItsColumns() {
        assertThat(row(bad(), false)).isEqualTo("some hung corrupt 1 2 3 8 16 10/12 2");
        assertThat(row(clean(), true)).isEqualTo("none * ok complete 0 0 0 0 0 0/0 0");
    }

    @Test
    void numbersStandBelowTheirHeads() {
        String head = text(VerdictText::head);
        String row = text(out -> VerdictText.row(bad(), false, out));
        assertThat(head.lines().toList()).hasSize(2);
        for (String line : head.lines().toList()) {
            assertThat(line).hasSameSizeAs(row.lines().findFirst().orElseThrow());
        }
        String heads = head.lines().findFirst().orElseThrow();
        for (String[] pair : new String[][] {{"stray", " 1 "}, {"changed", " 3 "},
            {"faults", " 8 "}, {"media", "10/12"}}) {
            assertThat(row.indexOf(pair[1]) + pair[1].stripTrailing().length())
                    .isEqualTo(heads.indexOf(pair[0]) + pair[0].length());
        }
    }

    @Test
    void detailsTellAllThatWentWrong() {
        assertThat(text(out -> VerdictText.details(bad(), out)).lines().toList()).containsExactly(
                "", "some:",
                "  untranslated requests: 0000:02:00.0 17, 0000:03:00.0 18",
                "  they went to:          old memory 20, capture kernel 19, its free memory 21,"
                        + " device windows 22, nowhere 23",
                "  faults by reason:      x:0x05 11, x:0x06 12",
                "  faults by requester:   0000:01:00.0 13",
                "  faults recorded 9, printed 10",
                "  driver failed:         0000:01:00.0: \"timeout\"",
                "  driver failed:         0000:02:00.0: gone",
                "  a root port raised SERR", "  one", "  two");
    }

    @Test
    void aCleanVerdictHasNoDetailsUnlessItHasReasons() {
        assertThat(text(out -> VerdictText.details(clean(), out))).isEmpty();
        assertThat(text(out -> VerdictText.details(clean().withReboot("done", "why"), out))
                .lines().toList()).containsExactly("", "none:", "  why");
    }

    @Test
    void aVerdictIsADocumentOfAllItsNumbers() throws IOException {
        assertThat(object(json -> VerdictJson.fields(bad(), json))).isEqualTo("{'policy':'some',"
                + "'captureKernel':'hung','dump':'corrupt','dumpBytesStray':1,"
                + "'lateLegitimateBytes':2,'oldMemoryBytesChanged':3,'mediaBlocksWrong':4,"
                + "'mediaBlocksLost':5,'framesWrong':6,'framesLost':7,'faults':{'requests':8,"
                + "'recorded':9,'printed':10,'byReason':{'x:0x05':11,'x:0x06':12},"
                + "'byRequester':{'0000:01:00.0':13},'groups':[{'requester':'0000:01:00.0',"
                + "'reason':'x:0x05','access':'rw','requests':14,'first':'0xffffffffffffffff'},"
                + "{'requester':'0000:02:00.0','reason':'x:0x06','access':'-','requests':15,"
                + "'first':'0x1000'}]},'untranslatedDma':{'requests':16,"
                + "'byRequester':{'0000:02:00.0':17,'0000:03:00.0':18},"
                + "'landed':{'captureKernel':19,'oldMemory':20,'freeMemory':21,'mmio':22,"
                + "'nothing':23}},'serr':true,'errors':[{'reporter':'0000:00:1c.0','kind':'UR',"
                + "'severity':'fatal','requests':24,'gates':'open','became':'nothing'}],"
                + "'interrupts':{'stray':25,'blocked':26,'lost':27},"
                + "'driversFailed':[{'requester':'0000:01:00.0','reason':'\\'timeout\\''},"
                + "{'requester':'0000:02:00.0','reason':'gone'}],'syntheticBytesUsed':28,"
                + "'reboot':'stuck','reasons':['one','two'],'assumptions':['assumed']}");
    }

    @Test
    void aCleanVerdictHasTheSameFields() throws IOException {
        assertThat(object(json -> VerdictJson.fields(clean(), json))).isEqualTo("{'policy':'none',"
                + "'captureKernel':'ok','dump':'complete','dumpBytesStray':0,"
                + "'lateLegitimateBytes':0,'oldMemoryBytesChanged':0,'mediaBlocksWrong':0,"
                + "'mediaBlocksLost':0,'framesWrong':0,'framesLost':0,'faults':{'requests':0,"
                + "'recorded':0,'printed':0,'byReason':{},'byRequester':{},'groups':[]},"
                + "'untranslatedDma':{'requests':0,'byRequester':{},'landed':{'captureKernel':0,"
                + "'oldMemory':0,'freeMemory':0,'mmio':0,'nothing':0}},'serr':false,'errors':[],"
                + "'interrupts':{'stray':0,'blocked':0,'lost':0},'driversFailed':[],"
                + "'syntheticBytesUsed':0,'reboot':'done','reasons':[],'assumptions':[]}");
    }

    // ---- timelines ------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0|T1|phase|+0.000000 s  T1   phase         x",
        "-50000000|T0|fault|-0.050000 s  T0   fault         x",
        "1|T1|step|+0.000000 s  T1   step          x",
        "1500|T2|step|+0.000002 s  T2   step          x",
        "16710000000|T7|invalidation|+16.710000 s  T7   invalidation  x",
        "3600000000000|T5a|a-very-long-kind|+3600.000000 s  T5a  a-very-long-kind x"})
    void anEntryIsALineWithItsSeconds(long nanos, String phase, String what, String line) {
        assertThat(text(out -> TimelineReport.print(
                List.of(new TimelineEntry(nanos, phase, what, "x")), out)).strip())
                .isEqualTo(line);
    }

    @Test
    void entriesAreObjectsInTheirOrder() throws IOException {
        assertThat(object(json -> TimelineReport.write("timeline", List.of(
                new TimelineEntry(-5, "T0", "map", "a"), new TimelineEntry(7, "T8", "step", "'b'")),
                json))).isEqualTo("{'timeline':[{'nanosSinceCrash':-5,'phase':'T0','what':'map',"
                + "'text':'a'},{'nanosSinceCrash':7,'phase':'T8','what':'step','text':''b''}]}");
        assertThat(object(json -> TimelineReport.write("news", List.of(), json)))
                .isEqualTo("{'news':[]}");
    }

    @ParameterizedTest
    @CsvSource({"register, true", "invalidation, true", "config, false", "step, false",
        "registers, false", "'', false"})
    void registersAndInvalidationsAreTheTrace(String what, boolean trace) {
        assertThat(TimelineReport.isTrace(new TimelineEntry(0, "T1", what, "")))
                .isEqualTo(trace);
    }

    // ---- walks ----------------------------------------------------------------------------------

    private static Walk.Step step(String outcome, boolean stale) {
        return new Walk.Step("root entry", 0x1000, List.of(0x2001L, -1L),
                List.of(new Walk.Field("P", "1"), new Walk.Field("CTP", "0x2000")), "present",
                new Walk.Cache("context-cache", outcome, "domain 5", stale));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"hit|false|context-cache: hit, domain 5",
        "hit|true|context-cache: hit, domain 5 (stale: memory says otherwise)",
        "miss|false|context-cache: miss", "skipped|false|not read: context-cache has answered",
        "none|false|no cache keeps it"})
    void aStepTellsWhatItReadAndWhatItsCacheKnows(String outcome, boolean stale, String cache) {
        var walk = new Walk(List.of(step(outcome, stale)),
                new Walk.Result("translated", 0x5000L, 4096, null, ""), null, null);
        assertThat(text(out -> WalkReport.print(walk, out)).lines().toList()).containsExactly(
                "root entry               at 0x1000: 0000000000002001 ffffffffffffffff",
                "    P          1", "    CTP        0x2000", "    -> present", "    " + cache,
                "translated: 0x5000 in a page of 4096 bytes");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
        "translated|0|4096|-||translated: 0x0 in a page of 4096 bytes",
        "translated|-1|1073741824|-|so|translated: 0xffffffffffffffff in a page of 1073741824"
                + " bytes, so",
        "untranslated|16|0|-||untranslated: 0x10",
        "untranslated|16|0|-|off|untranslated: 0x10, off",
        "blocked|-|0|x:0x05|not present|blocked: x:0x05 not present",
        "no-unit|-|0|-|nobody serves it|no-unit: nobody serves it"})
    void aResultIsOneLine(String outcome, Long address, long page, String fault, String words,
            String line) {
        var result = new Walk.Result(outcome, address, page, fault, words == null ? "" : words);
        assertThat(text(out -> WalkReport.print(new Walk(List.of(), result, null, null), out)))
                .isEqualToNormalizingNewlines(line + "\n");
    }

    @Test
    void whatMemorySaysIsToldWhereItSaysOtherwise() {
        var cached = new Walk.Result("translated", 0x5000L, 4096, null, "");
        var memory = new Walk.Result("blocked", null, 0, "x:0x06", "no write");
        assertThat(text(out -> WalkReport.print(new Walk(List.of(), cached, memory, bad()), out))
                .lines().toList()).containsExactly("after some: capture kernel hung, dump corrupt",
                "translated: 0x5000 in a page of 4096 bytes",
                "without the caches, memory says: blocked: x:0x06 no write");
        assertThat(text(out -> WalkReport.print(new Walk(List.of(), cached, cached, null), out)))
                .doesNotContain("memory says");
    }

    @Test
    void aWalkIsADocument() throws IOException {
        var cached = new Walk.Result("translated", 0x5000L, 4096, null, "");
        var memory = new Walk.Result("blocked", null, 0, "x:0x06", "no write");
        assertThat(json(json -> WalkReport.write(new Walk(List.of(step("hit", true)), cached,
                memory, bad()), json))).isEqualTo("{'steps':[{'structure':'root entry',"
                + "'address':'0x1000','raw':['0x0000000000002001','0xffffffffffffffff'],"
                + "'fields':{'P':'1','CTP':'0x2000'},'decision':'present',"
                + "'cache':{'name':'context-cache','outcome':'hit','value':'domain 5',"
                + "'stale':true}}],'result':{'outcome':'translated','physicalAddress':'0x5000',"
                + "'pageBytes':4096,'fault':null,'text':'','stale':true,"
                + "'tables':{'outcome':'blocked','physicalAddress':null,'pageBytes':0,"
                + "'fault':'x:0x06','text':'no write'},'after':{'policy':'some',"
                + "'captureKernel':'hung','dump':'corrupt'}}}");
        assertThat(json(json -> WalkReport.write(new Walk(List.of(), memory, null, null), json)))
                .isEqualTo("{'steps':[],'result':{'outcome':'blocked','physicalAddress':null,"
                        + "'pageBytes':0,'fault':'x:0x06','text':'no write','stale':false}}");
    }

    // ---- live machines --------------------------------------------------------------------------

    private static LiveState live(String phase, String ended) {
        return new LiveState("server", "some", phase, 1_500_000_000, ended,
                List.of(new LiveState.PhaseState("T1", "crash", 0, true),
                        new LiveState.PhaseState("T7", "drivers", 2_000_000_000, false)),
                List.of(new LiveState.UnitState(0, "x", true),
                        new LiveState.UnitState(1, "y", false)),
                List.of(new LiveState.DeviceState("0000:01:00.0", true, "old", 3),
                        new LiveState.DeviceState("0000:02:00.0", false, "none", 0)),
                bad().faults(), 16, List.of(new TimelineEntry(0, "T1", "register", "r"),
                        new TimelineEntry(5, "T1", "config", "c"),
                        new TimelineEntry(7, "T1", "phase", "p")));
    }

    @Test
    void newsLeaveSingleRegistersOut() {
        assertThat(text(out -> LiveReport.news(live("T1", null), out)).lines()
                .map(String::strip).toList()).containsExactly("+0.000000 s  T1   phase         p",
                "server under some: T1 at +1.500000 s; 8 faults, 16 untranslated");
        assertThat(text(out -> LiveReport.news(live(null, "stopped"), out))).endsWith(
                "server under some: not begun at +1.500000 s; 8 faults, 16 untranslated;"
                        + " ended: stopped" + System.lineSeparator());
    }

    @Test
    void allIsPhasesUnitsAndDevices() {
        assertThat(text(out -> LiveReport.all(live("T1", null), out)).lines()
                .map(line -> line.strip().replaceAll(" +", " ")).skip(2).toList()).containsExactly(
                "", "phase begins", "T1 crash +0.000 s <- here", "T7 drivers +2.000 s",
                "", "unit vendor", "0 x translates", "1 y off",
                "", "device bus master in flight driver", "0000:01:00.0 yes 3 old",
                "0000:02:00.0 no 0 none");
    }

    @Test
    void aLiveMachineIsADocument() throws IOException {
        assertThat(json(json -> LiveReport.write(live(null, null), json))).isEqualTo(
                "{'machine':'server','policy':'some','phase':null,'nanosSinceCrash':1500000000,"
                + "'ended':null,'faults':8,'untranslated':16,'phases':[{'label':'T1',"
                + "'name':'crash','nanosSinceCrash':0,'begun':true},{'label':'T7',"
                + "'name':'drivers','nanosSinceCrash':2000000000,'begun':false}],"
                + "'units':[{'index':0,'vendor':'x','translating':true},{'index':1,'vendor':'y',"
                + "'translating':false}],'devices':[{'requester':'0000:01:00.0',"
                + "'busMaster':true,'driver':'old','inFlight':3},{'requester':'0000:02:00.0',"
                + "'busMaster':false,'driver':'none','inFlight':0}],"
                + "'news':[{'nanosSinceCrash':0,'phase':'T1','what':'register','text':'r'},"
                + "{'nanosSinceCrash':5,'phase':'T1','what':'config','text':'c'},"
                + "{'nanosSinceCrash':7,'phase':'T1','what':'phase','text':'p'}]}");
    }
}
