{{/* Where and as whom a pod runs: the same for the controller and the sandbox. */}}
{{- define "connect-sso.podBasics" -}}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- end }}

{{/* The sandbox's address and its credentials, which open nothing else. The same that `connect-sso sandbox --write-env` writes. */}}
{{- define "connect-sso.sandboxEnv" -}}
{{- $url := printf "http://%s-sandbox.%s.svc:4180" (include "connect-sso.fullname" .) .Release.Namespace }}
{{- $env := dict
  "AWS_ENDPOINT_URL_IAM" (printf "%s/iam" $url)
  "AWS_ENDPOINT_URL_STS" (printf "%s/sts" $url)
  "AWS_ENDPOINT_URL_CONNECT" (printf "%s/connect" $url)
  "AWS_ACCESS_KEY_ID" "AKIASANDBOXADMIN0000"
  "AWS_SECRET_ACCESS_KEY" "sandbox-administrator-secret"
  "AWS_REGION" "us-east-1"
  "CONNECT_SSO_GRAPH_URL" (printf "%s/graph" $url)
  "CONNECT_SSO_LOGIN_URL" (printf "%s/login" $url)
  "CONNECT_SSO_GRAPH_TOKEN" "sandbox-token"
  "CONNECT_SSO_ALLOW_INSECURE_ENDPOINTS" "1"
  "AZURE_TENANT_ID" ((.Values.sandbox.world.tenant | default dict).id | default "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071")
  "AZURE_CLIENT_ID" "5a0db0c5-0000-4000-8000-00000000c11e"
}}
{{- if .Values.aws.region }}{{ $env = omit $env "AWS_REGION" }}{{ end }}
{{- if .Values.entra.tenantId }}{{ $env = omit $env "AZURE_TENANT_ID" }}{{ end }}
{{- if .Values.entra.clientId }}{{ $env = omit $env "AZURE_CLIENT_ID" }}{{ end }}
{{- range $name, $value := $env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
