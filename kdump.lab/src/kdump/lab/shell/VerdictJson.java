// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.Map;
import kdump.lab.api.Verdict;

/** A verdict as JSON, to the letter of the command contract. */
final class VerdictJson {

    private VerdictJson() { }

    /** Writes the fields of a verdict into the object that is open. */
    static void fields(Verdict v, JsonGenerator json) throws IOException {
        json.writeStringField("policy", v.policy());
        json.writeStringField("captureKernel", v.captureKernel());
        json.writeStringField("dump", v.dump());
        json.writeNumberField("dumpBytesStray", v.dumpBytesStray());
        json.writeNumberField("lateLegitimateBytes", v.lateLegitimateBytes());
        json.writeNumberField("oldMemoryBytesChanged", v.oldMemoryBytesChanged());
        json.writeNumberField("mediaBlocksWrong", v.mediaBlocksWrong());
        json.writeNumberField("mediaBlocksLost", v.mediaBlocksLost());
        json.writeNumberField("framesWrong", v.framesWrong());
        json.writeNumberField("framesLost", v.framesLost());
        json.writeObjectFieldStart("faults");
        json.writeNumberField("requests", v.faults().requests());
        json.writeNumberField("recorded", v.faults().recorded());
        json.writeNumberField("printed", v.faults().printed());
        counts("byReason", v.faults().byReason(), json);
        counts("byRequester", v.faults().byRequester(), json);
        json.writeEndObject();
        json.writeObjectFieldStart("untranslatedDma");
        json.writeNumberField("requests", v.untranslatedDma().requests());
        counts("byRequester", v.untranslatedDma().byRequester(), json);
        json.writeEndObject();
        json.writeBooleanField("serr", v.serr());
        json.writeArrayFieldStart("driversFailed");
        for (Verdict.DriverFailure failure : v.driversFailed()) {
            json.writeStartObject();
            json.writeStringField("requester", failure.requester());
            json.writeStringField("reason", failure.reason());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeNumberField("syntheticBytesUsed", v.syntheticBytesUsed());
        json.writeStringField("reboot", v.reboot());
    }

    private static void counts(String name, Map<String, Long> counts, JsonGenerator json)
            throws IOException {
        json.writeObjectFieldStart(name);
        for (var count : counts.entrySet()) {
            json.writeNumberField(count.getKey(), count.getValue());
        }
        json.writeEndObject();
    }
}
