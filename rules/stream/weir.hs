# SPDX-License-Identifier: BSD-3-Clause
#
# Patterns over the reassembled bytes of connections that policy marks `inspect: true`, whatever their
# port: id:/expression/flags, as Hyperscan's own tools read them. What each means and what is done about
# it stands in weir.yaml beside this file.

# ---- Log4Shell: lookups in any input (CVE-2021-44228, 45046, 45105) ----
# ${jndi:scheme: in the clear, in any case
1001:/\$\{\s{0,8}jndi\s{0,8}:\s{0,8}(ldaps?|rmi|dns|iiop|corba|nds|nis|http)\s{0,8}:/i
# its letters one by one from lookups: ${lower:j}, ${::-j}, ${env:X:-j}, ${upper:${lower:j}}
1002:/\$\{[^{}]{0,16}\$\{[^{}]{0,40}[:\-]j\}.{0,120}:/is
1003:/\$\{\s{0,8}j[ndi]{0,2}\$\{[^{}]{0,40}\}([ndi]|\$\{[^{}]{0,40}\}){0,6}\s{0,8}(:|\$\{[^{}]{0,40}:\})/is
# a default that is made of lookups: ${${a:-j}ndi:, ${${date:'j'}${…
1004:/\$\{\s{0,8}(\$\{[^{}]{0,40}\}\s{0,4}){1,8}(j|n|d|i)?[^}]{0,40}:(ldaps?|rmi|dns|iiop|corba|nds|http):\/\//is
# percent-encoded once: %24%7Bjndi:
1005:/(%24(\{|%7b)|\$%7b)(%20){0,8}jndi(:|%3a)(ldaps?|rmi|dns|iiop|corba|nds|nis|http)(:|%3a)/i
# \u0024\u007b in JSON strings
1006:/\\u0024(\\u007b|\{)jndi(:|\\u003a)/i

# ---- the victim's call: LDAP, RMI, CORBA ----
# LDAPMessage, version 3 bind with simple authentication (RFC 4511 section 4.2)
1101:/^\x30(.|\x81.|\x82..)\x02\x01.\x60(.|\x81.|\x82..)\x02\x01\x03\x04/s{max_offset=24}
# LDAPMessage, search request (section 4.5.1)
1102:/^\x30(.|\x81.|\x82..|\x84....)\x02(\x01.|\x02..)\x63(.|\x81.|\x82..|\x84....)\x04/s{max_offset=24}
# LDAP result with what a Java client would load
1103:/\x04.(javaClassName|javaCodeBase|javaFactory|javaSerializedData)/is
# JRMI, stream and single-operation protocol
1111:/^JRMI\x00[\x01\x02][\x4b\x4c\x4d]/s{max_offset=7}
# serialized Java objects that open a stream
1112:/^\xac\xed\x00\x05[\x73-\x7d]/s{max_offset=5}
# GIOP 1.0 to 1.2: Request, LocateRequest
1121:/^GIOP\x01[\x00\x01\x02][\x00-\x03][\x00\x03]/s{max_offset=8}

# ---- what comes afterwards ----
# shells that are sent elsewhere
1201:/(ba|da|k|z|c)?sh\s+-i\s*(>&|[0-9]?>|<|\|).{0,40}\/dev\/(tcp|udp)\//is
1202:/\b(nc|ncat|netcat)\b[^\n]{0,60}\s-[a-z]{0,8}(e|c)\s+\/?[a-z\/]{0,16}(ba|da|k|z|c)?sh\b/i
1203:/\bmkfifo\s+\S{1,64}\s*;[^\n]{0,120}\|\s*\S{0,16}sh\s+-i/i
1204:/python[0-9.]{0,5}\s+-c\s.{0,40}import\s+[a-z,\s]{0,40}socket.{0,400}(dup2|pty\.spawn)/is
1205:/powershell(\.exe)?\s[^\n]{0,120}-e(nc|ncodedcommand)?\s+[A-Za-z0-9+\/=]{40}/i
1206:/New-Object\s+(System\.)?Net\.Sockets\.TCPClient\(/i
# prompts at the beginning of a connection
1211:/^(bash|sh): (cannot set terminal process group|no job control in this shell)/s{max_offset=64}
1212:/^Microsoft Windows \[Version [0-9.]{3,24}\]/s{max_offset=64}
1213:/^(uid=[0-9]{1,10}\([a-z_][a-z0-9_\-]{0,31}\) gid=[0-9]{1,10})/{max_offset=128}

# ---- miners: stratum (JSON-RPC lines) ----
1301:/"method"\s{0,4}:\s{0,4}"mining\.(subscribe|authorize|extranonce\.subscribe|submit|notify|set_difficulty)"/
1302:/"method"\s{0,4}:\s{0,4}"login"[^\n]{0,400}"agent"\s{0,4}:\s{0,4}"(xmrig|xmr-stak|cpuminer|srbminer|[a-z\-]{0,16}miner)/is
1303:/"method"\s{0,4}:\s{0,4}"eth_(submitLogin|submitWork|getWork)"/

# ---- SMB where nobody expects it ----
# NetBIOS session message with an SMB1 negotiate, with an SMB2 or 3 header
1401:/^\x00[\x00\x01]..\xffSMB\x72/s{max_offset=9}
1402:/^\x00[\x00\x01]..\xfeSMB\x40\x00/s{max_offset=10}
