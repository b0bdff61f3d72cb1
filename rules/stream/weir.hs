# SPDX-License-Identifier: BSD-3-Clause
#
# Patterns over the reassembled bytes of connections that policy marks `inspect: true`, whatever their
# port: id:/expression/flags, as Hyperscan's own tools read them. What each means and what is done about
# it stands in weir.yaml beside this file.

# ---- Log4Shell: lookups in any input (CVE-2021-44228, 45046, 45105) ----
# "${jndi:", where anything that begins or ends a lookup may stand between the letters, as it is or
# percent-encoded, once or more often: ${${lower:j}ndi: ${${::-j}${::-n}${::-d}${::-i}: ${jn${env:X:-}di:
# ${${date:'j'}ndi: ${${lower:${upper:jndi}}: %24%7Bjndi%3A. The dotless i is an i in capitals. The words
# in front are shown in the context of a match, as are all that stand in an expression.
1001:/(?#jndi lower upper env sys date base64 ldap rmi dns)(\$|%(25)*24)(\{|%(25)*7b)((\$|%(25)*24)(\{|%(25)*7b)([^${}]*(([:\-']|%(25)*(27|2d|3a))|(\}|%(25)*7d)([^${}]{0,16}([:\-']|%(25)*(27|2d|3a)))?))?|(\}|%(25)*7d)([^${}]{0,16}([:\-']|%(25)*(27|2d|3a)))?|'|%(25)*27)*j((\$|%(25)*24)(\{|%(25)*7b)([^${}]*(([:\-']|%(25)*(27|2d|3a))|(\}|%(25)*7d)([^${}]{0,16}([:\-']|%(25)*(27|2d|3a)))?))?|(\}|%(25)*7d)([^${}]{0,16}([:\-']|%(25)*(27|2d|3a)))?|'|%(25)*27)*n((\$|%(25)*24)(\{|%(25)*7b)([^${}]*(([:\-']|%(25)*(27|2d|3a))|(\}|%(25)*7d)([^${}]{0,16}([:\-']|%(25)*(27|2d|3a)))?))?|(\}|%(25)*7d)([^${}]{0,16}([:\-']|%(25)*(27|2d|3a)))?|'|%(25)*27)*d((\$|%(25)*24)(\{|%(25)*7b)([^${}]*(([:\-']|%(25)*(27|2d|3a))|(\}|%(25)*7d)([^${}]{0,16}([:\-']|%(25)*(27|2d|3a)))?))?|(\}|%(25)*7d)([^${}]{0,16}([:\-']|%(25)*(27|2d|3a)))?|'|%(25)*27)*(i|\xc4\xb1|%(25)*c4%(25)*b1)((\$|%(25)*24)(\{|%(25)*7b)([^${}]*(([:\-']|%(25)*(27|2d|3a))|(\}|%(25)*7d)([^${}]{0,16}([:\-']|%(25)*(27|2d|3a)))?))?|(\}|%(25)*7d)([^${}]{0,16}([:\-']|%(25)*(27|2d|3a)))?|'|%(25)*27)*(:|%(25)*3a)/i
# The same in a string of JSON, with one escape at least: \u0024\u007b\u006a\u006e\u0064\u0069\u003a
1002:/((\\u0024(\{|\\u007b)|\$\\u007b)(j|\\u00[46]a)(n|\\u00[46]e)(d|\\u00[46]4)(i|\\u00[46]9)(:|\\u003a)|\$\{(\\u00[46]a(n|\\u00[46]e)(d|\\u00[46]4)(i|\\u00[46]9)(:|\\u003a)|j\\u00[46]e(d|\\u00[46]4)(i|\\u00[46]9)(:|\\u003a)|jn\\u00[46]4(i|\\u00[46]9)(:|\\u003a)|jnd\\u00[46]9(:|\\u003a)|jndi\\u003a))/i
# Letters that only the victim knows: ${${env:X}ndi:ldap://
1003:/\$\{([a-z]{0,3}\$\{[^{}]{0,64}\}){1,8}[a-z]{0,3}:(ldaps?|rmi|dns|iiop|corba|nds|nis):\/\//i
# "${jndi:" and "jndi:" in Base64, decoded by the victim
1004:/\$\{base64:(JHtqbmRpO|am5kaTp)/
# A lookup without end: ${${::-${::-$${::-j}}}}
1005:/\$\{::-\$\{::-\$\$\{::-/

# ---- the victim's call: LDAP, RMI, CORBA ----
# LDAPMessage, version 3 bind (RFC 4511 section 4.2)
1101:/^\x30(.|\x81.|\x82..|\x84....)\x02(\x01.|\x02..|\x03...|\x04....)\x60(.|\x81.|\x82..|\x84....)\x02\x01\x03\x04/s{max_offset=24}
# Search request (section 4.5.1) from scope to typesOnly, so that it need not come first
1102:/\x0a\x01[\x00-\x02]\x0a\x01[\x00-\x03]\x02(\x01.|\x02..|\x03...|\x04....)\x02(\x01.|\x02..|\x03...|\x04....)\x01\x01[\x00\x01\xff]/s
# Search result with what a Java client would load (RFC 2713)
1103:/\x04(\x0djavaClassName|\x0cjavaCodeBase|\x0bjavaFactory|\x12javaSerializedData|\x14javaReferenceAddress|\x12javaRemoteLocation)/i
# JRMI version 1 or 2: stream, single-operation, multiplex protocol
1111:/^JRMI\x00[\x01\x02][\x4b\x4c\x4d]/s{max_offset=7}
# Serialized Java objects that open a stream
1112:/^\xac\xed\x00\x05[\x73-\x7d]/s{max_offset=5}
# GIOP 1.0 to 1.3: Request, LocateRequest
1121:/^GIOP\x01[\x00-\x03][\x00-\x03][\x00\x03]/s{max_offset=8}

# ---- what comes afterwards ----
# Shells that are sent elsewhere. Those from 1251 on are the same towards a client, where pages about
# them may be read, too.
1201:/sh(\s|%20|\+){1,4}-i[^\n]*(\/dev\/|%2fdev%2f)(tcp|udp)/i
1251:/sh(\s|%20|\+){1,4}-i[^\n]*(\/dev\/|%2fdev%2f)(tcp|udp)/i
1202:/\bn(et)?c(at)?(\.exe|\.traditional)?\s[^\n]*-[a-z]{0,8}[ec]\s{1,4}(\/bin\/(ba|da|k|z|a)?sh|\/usr\/bin\/(ba|z)sh|cmd\.exe|powershell)/i
1252:/\bn(et)?c(at)?(\.exe|\.traditional)?\s[^\n]*-[a-z]{0,8}[ec]\s{1,4}(\/bin\/(ba|da|k|z|a)?sh|\/usr\/bin\/(ba|z)sh|cmd\.exe|powershell)/i
1203:/mkfifo\s{1,4}\S{1,64}\s?;[^\n]{0,120}\|\s{0,4}\S{0,16}sh\s{1,4}-i/i
1253:/mkfifo\s{1,4}\S{1,64}\s?;[^\n]{0,120}\|\s{0,4}\S{0,16}sh\s{1,4}-i/i
1204:/python[0-9.]{0,5}\s{1,4}-c\s.{0,40}import\s[a-z,\s]{0,40}socket.{0,400}(dup2|pty\.spawn)/is
1254:/python[0-9.]{0,5}\s{1,4}-c\s.{0,40}import\s[a-z,\s]{0,40}socket.{0,400}(dup2|pty\.spawn)/is
1205:/(powershell|pwsh)(\.exe)?\s[^\n]{0,120}-e(c|n[a-z]{0,12})?\s{1,4}[A-Za-z0-9+\/=]{40}/i
1206:/New-Object\s{1,4}(System\.)?Net\.Sockets\.TCPClient\s{0,2}\(/i
# Prompts at the beginning of a connection
1211:/^(\/bin\/)?(ba|da|k|z|a)?sh: ([0-9]{1,3}: )?(cannot set terminal process group|no job control in this shell|can't access tty; job control turned off)/{max_offset=80}
1212:/^(Microsoft Windows \[Version [0-9.]{3,24}\]|Windows PowerShell( running as user|\r?\nCopyright \(C\)))/{max_offset=64}
1213:/^uid=[0-9]{1,10}\([a-z_][a-z0-9_\-]{0,31}\) gid=[0-9]{1,10}/{max_offset=80}

# ---- miners: stratum (JSON-RPC lines) ----
1301:/"method"\s{0,4}:\s{0,4}"mining\.(subscribe|authorize|configure|extranonce\.subscribe|submit|notify|set_difficulty)"/
1302:/"method"\s{0,4}:\s{0,4}"login"[^\n]{0,400}"(agent"\s{0,4}:\s{0,4}"(xmrig|xmr-stak|cpuminer|srbminer|[a-z\-]{0,16}miner)|algo"\s{0,4}:\s{0,4}\[\s{0,4}"(cn|rx|argon2|ghostrider))/i
1303:/"method"\s{0,4}:\s{0,4}"eth_(submitLogin|submitWork|submitHashrate|getWork)"/

# ---- SMB where nobody expects it ----
# NetBIOS session message with an SMB1 negotiation, with an SMB2 or 3 header; session request
1401:/^\x00[\x00\x01]..\xffSMB\x72/s{max_offset=9}
1402:/^\x00[\x00\x01]..\xfeSMB\x40\x00/s{max_offset=10}
1403:/^\x81\x00\x00[\x44-\x48]\x20[A-P]{32}/s{max_offset=37}
